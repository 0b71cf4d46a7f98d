// Runs one lpl command as an operation: progress on stderr, result on stdout, Ctrl-C, exit code.

import { errorToJson, LabError } from '../core/error.ts';
import { type OpContext, runOperation } from '../core/operation.ts';
import { withoutControls } from '../core/without-controls.ts';
import { exitCodeOf } from './exit-code.ts';
import { openProgressView } from './progress-view.ts';

export type CommonOptions = { json?: boolean; verbose?: boolean };

export type CliContext = OpContext & {
  /** Prints a line for people on stderr, above the progress. */ say(text: string): void;
};

/** What a command hands back: JSON for --json, text for people, and the exit code it stands for. */
export type CliResult = { json: unknown; text: string; exitCode?: number };

/** Never rejects; sets process.exitCode. The first Ctrl-C cancels and cleans up, the second leaves at once. */
export async function runCli(
  name: string,
  options: CommonOptions,
  body: (ctx: CliContext) => Promise<CliResult>,
): Promise<void> {
  const cancel = new AbortController();
  const view = openProgressView(process.stderr, options.json ? 'json' : 'text', options.verbose ?? false);
  let hasReader = true;
  const onSignal = (signal: NodeJS.Signals) => {
    if (cancel.signal.aborted) process.exit(130);
    // The terminal is gone, or who read the output (main.ts).
    hasReader = signal !== 'SIGHUP';
    if (hasReader) view.say('cancelling: going to a safe state (again to leave at once)');
    cancel.abort(new LabError('op.cancelled', 'cancelled'));
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const result = await runOperation({ name, signal: cancel.signal, emit: (event) => view.show(event) }, (ctx) =>
      body({ ...ctx, say: (text) => view.say(text) }),
    );
    view.end();
    const out = options.json ? JSON.stringify(result.json, null, 2) : result.text;
    // In a file it stays as it is: a patch, say, may have a form feed in it.
    if (out) process.stdout.write(`${process.stdout.isTTY ? withoutControls(out) : out}\n`);
    process.exitCode = result.exitCode ?? 0;
  } catch (error) {
    view.end();
    if (hasReader) reportError(error, options);
    process.exitCode = exitCodeOf(error);
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** A JSON document on stdout with --json, else lines on stderr. */
export function reportError(error: unknown, options: CommonOptions): void {
  const { code, message, hint, culprit } = errorToJson(error);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ schema: 1, error: { code, message, hint, culprit } }, null, 2)}\n`);
    return;
  }
  process.stderr.write(withoutControls(`lpl: ${message}\n${hint ? `     ${hint}\n` : ''}`));
  if (options.verbose || code === 'bug') process.stderr.write(`${error instanceof Error ? deepStack(error) : ''}\n`);
}

function deepStack(error: Error): string {
  return `${error.stack}${error.cause instanceof Error ? `\ncaused by ${deepStack(error.cause)}` : ''}`;
}
