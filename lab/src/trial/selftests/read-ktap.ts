// Reads (K)TAP as kernel selftests print it (kernel: Documentation/dev-tools/ktap.rst, tools/testing/selftests/kselftest/runner.sh):
// the tests of a plan, and the cases that each tells of. What is missing is told, never guessed.

export type KtapOutcome = 'ok' | 'not ok' | 'skip';

/** `outcome` undefined: it began and did not tell how it ended. */
export type KtapCase = { name: string; outcome?: KtapOutcome };

export type KtapTest = {
  name: string;
  outcome: KtapOutcome;
  /** Behind the `#` of its line, such as `exit=1`. */
  why: string;
  cases: KtapCase[];
  /** What it said, without the prefix. */
  said: string[];
};

/** `faults`: why the report is not whole; a report with faults proves nothing about what it does not tell of. */
export type KtapReport = { plan: number | undefined; tests: KtapTest[]; faults: string[] };

const versionLine = /^K?TAP version 1[34]?$/;
const resultLine = /^(ok|not ok) (\d+)(?: -)? ?([^#]*?)(?: ?# ?(.*))?$/;

export function readKtap(text: string): KtapReport {
  const tests: KtapTest[] = [];
  const faults: string[] = [];
  let plan: number | undefined;
  let said: string[] = [];
  const [first = '', ...lines] = text.split('\n').map((line) => line.trimEnd());
  if (!versionLine.test(first)) faults.push('it does not begin with the version');
  for (const line of lines) {
    const planned = /^1\.\.(\d+)(?: # ?SKIP.*)?$/i.exec(line);
    const result = resultLine.exec(line);
    if (planned && plan === undefined) plan = Number(planned[1]);
    else if (result) {
      const [, word = '', number, name = '', why = ''] = result;
      const outcome = /^skip/i.test(why) ? 'skip' : (word as 'ok' | 'not ok');
      tests.push({ name: name.trim(), outcome, why, cases: readCases(said), said });
      if (Number(number) !== tests.length) faults.push(`number ${number} came as the ${tests.length}th`);
      said = [];
    } else if (line !== '') said.push(line.replace(/^(?:# ?| {2})/, ''));
  }
  if (plan === undefined) faults.push('it has no plan');
  else if (plan !== tests.length) faults.push(`${plan} tests were planned, ${tests.length} came`);
  else if (plan === 0) faults.push('nothing was planned');
  return { plan, tests, faults };
}

/** `ok 1 NAME` of a nested report, or the livepatch tests' own `TEST: NAME ... ok`, whose end may stand on a line of its own. */
function readCases(said: readonly string[]): KtapCase[] {
  const cases: KtapCase[] = [];
  for (const line of said) {
    const begun = /^TEST: (.*?) \.\.\. ?(.*)$/.exec(line);
    const nested = resultLine.exec(line);
    const open = cases.at(-1);
    if (begun) cases.push(withOutcome(begun[1] ?? '', begun[2] ?? ''));
    else if (nested)
      cases.push(withOutcome((nested[3] ?? '').trim(), /^skip/i.test(nested[4] ?? '') ? 'SKIP' : (nested[1] ?? '')));
    else if (open && open.outcome === undefined) Object.assign(open, withOutcome(open.name, line));
  }
  return cases;
}

function withOutcome(name: string, word: string): KtapCase {
  const outcome = word === 'ok' || word === 'not ok' ? word : /^SKIP\b/.test(word) ? ('skip' as const) : undefined;
  return { name, ...(outcome ? { outcome } : {}) };
}
