// The entry that VS Code's extension host loads (extensionTestsPath): runs mocha over the bundled suites and tells the
// runner what it said and how it ended.

import { connect } from 'node:net';
import { format } from 'node:util';
import Mocha from 'mocha';
import type { SuiteMessage } from '../report-channel.ts';

/** Runs the suites of LPL_SUITES (JSON list of paths); rejects when one fails, as VS Code expects. */
export async function run(): Promise<void> {
  const socket = connect(required('LPL_REPORT_SOCKET'));
  const say = (message: SuiteMessage) => socket.write(`${JSON.stringify(message)}\n`);
  Mocha.reporters.Base.consoleLog = (...words: unknown[]) =>
    format(...words)
      .split('\n')
      .forEach((line) => say({ line }));
  const mocha = new Mocha({ ui: 'bdd', timeout: 180_000, color: false, forbidOnly: true });
  for (const file of JSON.parse(required('LPL_SUITES')) as string[]) mocha.addFile(file);
  const failures: string[] = [];
  const stats = await new Promise<Mocha.Stats | undefined>((resolve) => {
    const runner = mocha.run(() => resolve(runner.stats));
    runner.on('fail', (test, { message }: Error) => failures.push(`${test.fullTitle()}: ${message.split('\n')[0]}`));
  });
  const { passes: passed = 0, failures: failed = 0, pending: skipped = 0 } = stats ?? {};
  say({ end: { passed, failed, skipped, failures } });
  await new Promise<void>((resolve) => socket.end(resolve));
  if (failed > 0) throw new Error(`${failed} failed`);
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}
