// Editing as a suite does it.

import assert from 'node:assert/strict';
import { type Range, type TextDocument, workspace, WorkspaceEdit } from 'vscode';

/**
 * Replaces text of a document. TextEditor.edit() does nothing when the editor is not in sight, or the document has changed
 * since it was looked at (VS Code: mainThreadEditor.ts, applyEdits), and says so by a result alone.
 */
export async function replaceText(document: TextDocument, range: Range, text: string): Promise<void> {
  const edit = new WorkspaceEdit();
  edit.replace(document.uri, range, text);
  assert.ok(await workspace.applyEdit(edit), `${document.fileName} could not be edited`);
}
