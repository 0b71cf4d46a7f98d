// How kernel source is shown: in the kernel's coding style, at a place.

import { type Range, type TextEditor, type Uri, window } from 'vscode';

/** Opens the file; `selection` is scrolled into sight. */
export async function showSource(uri: Uri, selection?: Range): Promise<TextEditor> {
  const editor = await window.showTextDocument(uri, selection ? { selection } : {});
  // The kernel's own .editorconfig is out of VS Code's sight.
  editor.options = { tabSize: 8, indentSize: 8, insertSpaces: false };
  return editor;
}
