// Over every function of a working copy: whether a livepatch can change it, whether it is changed, and where it is live. On
// its name, the facts behind that.

import {
  CodeLens,
  type Disposable,
  EventEmitter,
  Hover,
  l10n,
  languages,
  MarkdownString,
  Range,
  type TextDocument,
  workspace,
} from 'vscode';
import { functionText, type Lab, transitionHazard } from 'livepatch-lab';
import { commandIds, viewIds } from '../contributions.ts';
import { setting } from '../settings.ts';
import { worktreeFiles } from '../source/worktree-files.ts';
import { question } from '../tree/question.ts';
import { isBuiltIn, judgeFunction, sayHazard } from './function-verdict.ts';
import type { LiveFunctions } from './live-functions.ts';
import { type SourceFunction, sourceFunctions } from './source-functions.ts';

/** Registers both. `storage`: where the work trees are. */
export function registerFunctionLenses(lab: Lab, storage: string, live: LiveFunctions): Disposable {
  const changed = new EventEmitter<void>();
  const provideCodeLenses = async (document: TextDocument): Promise<CodeLens[]> => {
    if (!setting('functionLenses') || !workspace.isTrusted) return [];
    const found = await sourceFunctions(lab, storage, document);
    if (!found) return [];
    const { worktree, functions } = found;
    const known = isBuiltIn(functions.map(({ facts }) => facts));
    return functions.flatMap((each) => lensesOf(document, each, worktree.target.release, { known, live }));
  };
  const parts = [
    changed,
    live.onDidChange(() => changed.fire()),
    languages.registerCodeLensProvider(worktreeFiles, { provideCodeLenses, onDidChangeCodeLenses: changed.event }),
    languages.registerHoverProvider(worktreeFiles, {
      provideHover: (document, position) => hoverOf(lab, storage, live, document, position),
    }),
  ];
  return { dispose: () => parts.forEach((part) => void part.dispose()) };
}

type Shown = { known: boolean; live: LiveFunctions };

function lensesOf(
  { uri }: TextDocument,
  { name, line, facts, changed }: SourceFunction,
  release: string,
  { known, live }: Shown,
): CodeLens[] {
  const range = new Range(line - 1, 0, line - 1, 0);
  const lens = (title: string, command = '', ...args: unknown[]) =>
    new CodeLens(range, { title, command, arguments: args });
  const verdict = judgeFunction(facts, release);
  const machine = live.whereLive(name);
  return [
    ...(machine ? [lens(l10n.t('$(zap) live in {0}', machine), `${viewIds.livepatches}.focus`)] : []),
    ...(changed ? [lens(l10n.t('$(edit) changed'), commandIds.showChanges, uri)] : []),
    ...(known ? [lens(`${verdict.patchable ? '$(check)' : '$(circle-slash)'} ${verdict.title}`)] : []),
  ];
}

async function hoverOf(
  lab: Lab,
  storage: string,
  live: LiveFunctions,
  document: TextDocument,
  position: Parameters<TextDocument['getWordRangeAtPosition']>[0],
): Promise<Hover | undefined> {
  const range = document.getWordRangeAtPosition(position, /[A-Za-z_]\w+/);
  if (!range || !workspace.isTrusted) return undefined;
  const found = await sourceFunctions(lab, storage, document);
  if (!found) return undefined;
  const name = document.getText(range);
  const { target } = found.worktree;
  const [facts] = await lab.functionFacts({ target: target.name, names: [name] }, question());
  if (!facts || facts.copies === 0) return undefined;
  const { title, why } = judgeFunction(facts, target.release);
  const machine = live.whereLive(name);
  const hazard = transitionHazard(name, functionText(document.getText(), name));
  const lines = [
    `**Livepatch** \`${name}()\`: ${title}`,
    why,
    ...(hazard ? [`$(watch) ${sayHazard(hazard)}`] : []),
    ...(machine ? [l10n.t('$(zap) Live in {0}.', machine)] : []),
  ];
  return new Hover(new MarkdownString(lines.join('\n\n'), true), range);
}
