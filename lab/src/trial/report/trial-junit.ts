// A trial as JUnit XML, as CI servers read it: a suite, a case for each check. What was not found out is an error.

import type { Evidence } from '../evidence.ts';
import { figureLines } from '../figure-lines.ts';
import type { Verdict } from '../verdict.ts';
import { xml } from './escape-text.ts';
import { type TrialCase, trialCases } from './trial-cases.ts';

export function trialJunit(evidence: Evidence, verdict: Verdict): string {
  const cases = trialCases(verdict);
  const count = (wanted: TrialCase['outcome']) => cases.filter(({ outcome }) => outcome === wanted).length;
  const totals = `tests="${cases.length}" failures="${count('fail')}" errors="${count('unknown')}" skipped="0"`;
  const time = `time="${((evidence.run?.durationMs ?? 0) / 1000).toFixed(3)}"`;
  const facts = { release: evidence.release, accelerator: evidence.machine.accelerator, tool: evidence.tool };
  const properties = Object.entries(facts).map(([name, value]) => `<property name="${name}" value="${xml(value)}"/>`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${xml(evidence.scenario)}" ${totals} ${time}>`,
    `<testsuite name="${xml(evidence.scenario)}" ${totals} ${time}>`,
    `<properties>${properties.join('')}</properties>`,
    ...cases.map((each) => testCase(each, evidence)),
    `<system-out>${xml(figureLines(evidence).join('\n'))}</system-out>`,
    '</testsuite>',
    '</testsuites>\n',
  ].join('\n');
}

function testCase({ id, title, outcome, said }: TrialCase, { release }: Evidence): string {
  const tag = { pass: undefined, fail: 'failure', unknown: 'error' }[outcome];
  const inside = tag
    ? `<${tag} message="${xml(said.split('\n')[0] ?? '')}" type="${id}">${xml(said)}</${tag}>`
    : `<system-out>${xml(said)}</system-out>`;
  return `<testcase classname="${xml(release)}" name="${xml(title)}">${inside}</testcase>`;
}
