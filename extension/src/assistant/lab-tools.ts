// Tools for language models: what an agent in the editor may do with the lab, each act confirmed by the user. They take what
// the commands take and answer in text.

import {
  type CancellationToken,
  type Disposable,
  l10n,
  LanguageModelTextPart,
  type LanguageModelTool,
  LanguageModelToolResult,
  lm,
  MarkdownString,
  workspace,
} from 'vscode';
import { asLabError, type OpContext, runOperation } from 'livepatch-lab';
import type { Session } from '../session.ts';
import { setting } from '../settings.ts';

type Input = { patch?: string; target?: string; scenario?: string; machine?: string; function?: string };

type Tool = {
  /** What the user is asked to allow; undefined for what only looks. */
  confirm?: (input: Input) => string;
  run: (session: Session, input: Input, ctx: OpContext) => Promise<unknown>;
};

/** By name, as in `contributes.languageModelTools`. */
export const tools: Readonly<Record<string, Tool>> = {
  livepatchLab_build: {
    confirm: ({ target }) => l10n.t('Build a livepatch module for {0}', target ?? setting('target')),
    run: ({ lab }, { patch = '', target = setting('target') }, ctx) =>
      lab.build({ patch, patchName: 'assistant.patch', target, replace: true }, ctx),
  },
  livepatchLab_trial: {
    confirm: ({ scenario }) => l10n.t('Boot a machine and run the scenario {0}', scenario ?? ''),
    run: async ({ lab }, { scenario = '' }, ctx) => lab.trial({ scenario }, ctx),
  },
  livepatchLab_status: {
    run: async ({ lab }, { machine }, ctx) => {
      const machines = await lab.vmList(ctx);
      const running = machines.filter(({ name, state }) => state === 'running' && (machine ?? name) === name);
      const livepatches = running.map(async ({ name }) => [name, await lab.klpStatus(name, ctx)] as const);
      return { machines, livepatches: Object.fromEntries(await Promise.all(livepatches)) };
    },
  },
  livepatchLab_explain: {
    run: ({ lab }, { function: name = '', target = setting('target') }, ctx) =>
      lab.functionFacts({ target, names: [name] }, ctx),
  },
};

/** Registers them all. */
export function registerTools(session: Session): Disposable[] {
  return Object.entries(tools).map(([name, tool]) =>
    lm.registerTool<Input>(name, languageModelTool(session, name, tool)),
  );
}

/** As VS Code has them: what changes or starts something asks the user first. */
export function languageModelTool(session: Session, name: string, { confirm, run }: Tool): LanguageModelTool<Input> {
  return {
    prepareInvocation: ({ input }) => {
      if (!confirm) return {};
      const message = new MarkdownString(`${confirm(input)}?`);
      return { confirmationMessages: { title: l10n.t('Livepatch Lab'), message } };
    },
    invoke: async ({ input }, token) => answer(await perform(session, name, token, (ctx) => run(session, input, ctx))),
  };
}

async function perform(
  { journal, log }: Session,
  name: string,
  token: CancellationToken,
  body: (ctx: OpContext) => Promise<unknown>,
): Promise<unknown> {
  if (!workspace.isTrusted) return { error: l10n.t('nothing runs in an untrusted workspace') };
  const abort = new AbortController();
  token.onCancellationRequested(() => abort.abort());
  log.info(`asked by a language model: ${name}`);
  return runOperation({ name, signal: abort.signal, emit: journal }, body).catch((error: unknown) => {
    const { code, message, hint } = asLabError(error);
    return { error: message, code, hint };
  });
}

const answer = (value: unknown) => new LanguageModelToolResult([new LanguageModelTextPart(JSON.stringify(value))]);
