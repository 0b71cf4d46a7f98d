// Everything that CI runs, one suite after the other, and the plain closing line over all of them. A suite that dies
// without a result or comes to no end counts as one failure; nothing is left out because something before it failed.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const bin = (name) => join('node_modules/.bin', name);
const mocha = (config) => [bin('mocha'), '--config', config, '--reporter', 'test/support/counting-reporter.cjs'];

/** `counts`: writes {passed, failed, skipped, failures: titles and reasons} to LPL_TEST_RESULT; otherwise the exit code is one test. */
const suites = [
  { name: 'types', argv: [bin('tsc'), '--noEmit'] },
  { name: 'lint', argv: [bin('eslint'), '.', '--cache', '--cache-location', 'node_modules/.cache/eslint/'] },
  { name: 'format', argv: [bin('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'unit', argv: mocha('test/unit/.mocharc.json'), counts: true },
  { name: 'prerequisites', argv: [process.execPath, 'lab/bin/lpl.mjs', 'doctor', '--fix'] },
  { name: 'vm', argv: mocha('test/vm/.mocharc.json'), counts: true },
  { name: 'editor', argv: [bin('tsx'), 'test/editor/run.ts'], counts: true },
];

/** What still runs then hangs: mocha waits for ever for what a failed test left open. */
const suiteMs = 60 * 60_000;

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const wanted = process.argv.slice(2);
for (const suite of suites) {
  if (wanted.length > 0 && !wanted.includes(suite.name)) continue;
  const started = Date.now();
  console.log(`\n── ${suite.name}`);
  const result = runSuite(suite);
  for (const key of Object.keys(total)) total[key] += result[key] ?? 0;
  if (result.failed > 0)
    failures.push(
      ...(result.failures?.length ? result.failures : ['the suite']).map((title) => `${suite.name}: ${title}`),
    );
  console.log(
    `── ${suite.name}: ${result.failed > 0 ? 'FAILED' : 'ok'} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  );
}
// Once more at the end: a log of a thousand lines is often cut in its middle.
for (const title of failures) console.log(`FAILED ${title}`);
console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);

function runSuite({ argv: [file, ...args], counts }) {
  const scratch = mkdtempSync(join(tmpdir(), 'lpl-test-'));
  const resultFile = join(scratch, 'result.json');
  const { status, error } = spawnSync(file, args, {
    stdio: 'inherit',
    timeout: suiteMs,
    env: { ...process.env, LPL_TEST_RESULT: resultFile },
  });
  if (error) console.error(error.message);
  const result = counts ? readResult(resultFile) : { passed: 0, failed: 0 };
  rmSync(scratch, { recursive: true });
  if (!counts) return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  // A suite that counted no failure but did not end well, or counted nothing at all, has failed.
  const isSound = result && (status === 0) === (result.failed === 0) && result.passed + result.failed > 0;
  return isSound ? result : { ...result, failed: (result?.failed ?? 0) + 1 };
}

function readResult(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
