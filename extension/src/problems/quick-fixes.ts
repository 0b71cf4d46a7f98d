// Quick fixes for what stands against an edit.

import { CodeAction, CodeActionKind, type Disposable, l10n, languages, type TextDocument } from 'vscode';
import { undoChangeAt } from '../source/discard-changes.ts';
import { worktreeFiles } from '../source/worktree-files.ts';
import { problemSource } from './problems.ts';

/** Offers to take back the change that a refusal or an error is about. `storage`: where the work trees are. */
export function registerQuickFixes(storage: string): Disposable {
  const provider = {
    provideCodeActions: async (
      document: TextDocument,
      _range: unknown,
      { diagnostics }: { diagnostics: readonly Problem[] },
    ) => {
      const ours = diagnostics.filter(({ source }) => source === problemSource);
      const actions = await Promise.all(ours.map((problem) => undoChange(storage, document, problem)));
      return actions.filter((action) => action !== undefined);
    },
  };
  return languages.registerCodeActionsProvider(worktreeFiles, provider, {
    providedCodeActionKinds: [CodeActionKind.QuickFix],
  });
}

type Problem = NonNullable<CodeAction['diagnostics']>[number];

async function undoChange(storage: string, { uri }: TextDocument, problem: Problem): Promise<CodeAction | undefined> {
  const edit = await undoChangeAt(storage, uri, problem.range.start.line);
  if (!edit) return undefined;
  const action = new CodeAction(l10n.t('Livepatch: undo this change'), CodeActionKind.QuickFix);
  action.edit = edit;
  action.diagnostics = [problem];
  return action;
}
