// Shows a patch as VS Code shows changes: a diff editor for each file, in one tab. The texts are made in memory.

import {
  commands,
  type Disposable,
  EventEmitter,
  l10n,
  type TextDocumentContentProvider,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { ShownPatch } from 'livepatch-lab';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { setting } from '../settings.ts';
import { currentWorktree } from '../source/current-worktree.ts';
import type { PatchRemarks } from './patch-remarks.ts';
import { originWords, type PatchRequest, pickPatch } from './pick-patch.ts';

export type PatchTexts = Disposable & {
  /** The text under an address of its own. */
  put(name: string, path: string, side: 'before' | 'after', text: string | undefined): Uri;
};

const scheme = 'livepatch-patch';

/** Keeps the texts of patches that were shown. */
export function createPatchTexts(): PatchTexts {
  const texts = new Map<string, string>();
  const changed = new EventEmitter<Uri>();
  const provider: TextDocumentContentProvider = {
    onDidChange: changed.event,
    provideTextDocumentContent: (uri) => texts.get(uri.toString()) ?? '',
  };
  const parts = [changed, workspace.registerTextDocumentContentProvider(scheme, provider)];
  return {
    put: (name, path, side, text = '') => {
      const uri = Uri.from({ scheme, path: `/${path}`, query: `${name} ${side}` });
      // The lab reads sources byte for byte.
      texts.set(uri.toString(), Buffer.from(text, 'latin1').toString('utf8'));
      changed.fire(uri);
      return uri;
    },
    dispose: () => parts.forEach((part) => void part.dispose()),
  };
}

/** Each file before and after; what does not fit is said on the lines of the patch. */
export async function showPatch(
  session: Session,
  { remarks, texts }: { remarks: PatchRemarks; texts: PatchTexts },
  request: PatchRequest & { target?: string },
): Promise<ShownPatch | undefined> {
  const origin = await pickPatch(request);
  if (!origin) return undefined;
  const target = request.target ?? (await currentWorktree(session))?.target.name ?? setting('target');
  const words = [...originWords(origin), '--target', target];
  const act = { title: l10n.t('Reading the patch'), equivalent: [['lpl', 'patch', 'show', ...words]] as const };
  const shown = await runAct(session, act, (ctx) => session.lab.patchShow({ origin, target }, ctx));
  if (!shown) return undefined;
  const name = 'file' in origin ? (origin.file.split('/').at(-1) ?? '') : origin.commit;
  if ('file' in origin) await remarks.showConflicts(origin.file, shown.conflicts);
  const sides = shown.files.map(({ path, before, after }) => [
    Uri.from({ scheme, path: `/${path}` }),
    texts.put(name, path, 'before', before),
    texts.put(name, path, 'after', after),
  ]);
  if (sides.length > 0) await commands.executeCommand('vscode.changes', `${name} (${target})`, sides);
  if (shown.conflicts.length > 0)
    void window.showWarningMessage(
      l10n.t(
        'Does not fit the source of {0}: {1}',
        target,
        shown.conflicts.map(({ file, line }) => `${file}:${line}`).join(', '),
      ),
    );
  return shown;
}
