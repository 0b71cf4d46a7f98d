// Quick fixes for what stands against an edit.

import { CodeAction, CodeActionKind, type Disposable, l10n, languages, type TextDocument } from 'vscode';
import { takeBackAt } from '../source/discard-changes.ts';
import { worktreeFiles } from '../source/worktree-files.ts';
import { problemSource } from './problems.ts';

/** Offers to take back the change that a refusal or an error is about, or all that was done to its function. `storage`: where the work trees are. */
export function registerQuickFixes(storage: string): Disposable {
  const provider = {
    provideCodeActions: async (
      document: TextDocument,
      _range: unknown,
      { diagnostics }: { diagnostics: readonly Problem[] },
    ) => {
      const ours = diagnostics.filter(({ source }) => source === problemSource);
      const actions = await Promise.all(ours.map((problem) => takeBack(storage, document, problem)));
      return actions.flat();
    },
  };
  return languages.registerCodeActionsProvider(worktreeFiles, provider, {
    providedCodeActionKinds: [CodeActionKind.QuickFix],
  });
}

type Problem = NonNullable<CodeAction['diagnostics']>[number];

async function takeBack(storage: string, { uri }: TextDocument, problem: Problem): Promise<CodeAction[]> {
  const ways = await takeBackAt(storage, uri, problem.range.start.line);
  return ways.map(({ edit, functionName }) => {
    const title = functionName
      ? l10n.t('Livepatch: put {0}() back as it was', functionName)
      : l10n.t('Livepatch: undo this change');
    const action = new CodeAction(title, CodeActionKind.QuickFix);
    action.edit = edit;
    action.diagnostics = [problem];
    return action;
  });
}
