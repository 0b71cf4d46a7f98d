// The lint: everything that can be said about a patch without compiling it. From the patch alone at once; with a prepared
// target also what its source, configuration and running kernel say. Same rules, same ids as the builder.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readKernelConfig } from '../../kernel/kernel-config.ts';
import type { TargetKernel } from '../../kernel/target.ts';
import { type UnitObject, unitObjects } from '../../kernel/unit-object.ts';
import { lintPath } from '../../patch/lint-path.ts';
import { type PatchedFile, readPatch } from '../../patch/read-patch.ts';
import { changeOf, changeOfSource, type SourceChange } from '../../patch/source-change.ts';
import { differFor } from '../differ/choose-differ.ts';
import { kpatchDiffer } from '../differ/kpatch-differ.ts';
import { checkPaths, preparePatch } from '../prepare-patch.ts';
import { isRefused } from '../refused.ts';
import { callbackFindings } from './callback-rules.ts';
import { codeFindings } from './code-rules.ts';
import { dataFindings } from './data-rules.ts';
import { finding, type LintFinding, withLevel } from './finding.ts';
import { changedFunctions, type FunctionChange } from './functions.ts';
import { lockFindings } from './lock-rules.ts';
import { readTargetFacts } from './target-facts.ts';
import { targetFindings } from './target-rules.ts';
import { transitionFindings } from './transition-rules.ts';

export type LintResult = {
  verdict: 'clean' | 'warned' | 'refused';
  /** What was known: the patch alone, or a target as well. */
  tier: 'text' | 'target';
  /** Most serious first, then by place. */
  findings: LintFinding[];
  functions: { file: string; name: string; change: FunctionChange['fate'] }[];
  /** Which object of the target each unit is part of; empty without a target. */
  units: { file: string; object: string }[];
};

/** The text tier. Pure. */
export function lintText(patch: string): LintResult {
  const files = readPatch(patch);
  const paths = checkPaths(files);
  const reasons = isRefused(paths) ? paths.reasons.map(withLevel) : [];
  if (!Array.isArray(files)) return lintResult('text', reasons, []);
  const changes = codeOf(files).map(changeOf);
  return lintResult('text', [...reasons, ...textFindings(changes)], changes);
}

/** The target tier: the text tier on whole files, and what the kernel itself tells. */
export async function lintForTarget(patch: string, kernel: TargetKernel): Promise<LintResult> {
  const files = readPatch(patch);
  const sources = await preparePatch(patch, kernel);
  const reasons = isRefused(sources) ? sources.reasons.map(withLevel) : [];
  if (!Array.isArray(files)) return lintResult('target', reasons, []);
  const [facts, config] = await Promise.all([
    readTargetFacts(kernel.facts),
    readFile(join(kernel.buildTree, '.config'), 'utf8').then(readKernelConfig),
  ]);
  const objectOf = unitObjects(kernel.source, config);
  const copies = differFor(config).differ === kpatchDiffer;
  const changes: SourceChange[] = [];
  const units: { file: string; object: UnitObject }[] = [];
  for (const file of codeOf(files)) {
    const original = await readFile(join(kernel.source, file.path), 'latin1').catch(() => undefined);
    changes.push(original === undefined ? changeOf(file) : changeOfSource(file, original));
    if (original !== undefined && file.path.endsWith('.c'))
      units.push({ file: file.path, object: await objectOf(file.path) });
  }
  const ofTarget = units.flatMap(({ file, object }) => {
    const change = changes.find((each) => each.file === file) as SourceChange;
    return targetFindings(change, changedFunctions(change), { object, facts, copies });
  });
  const all = [...reasons, ...textFindings(changes), ...ofTarget];
  const named = units.map(({ file, object }) => ({
    file,
    object: object.kind === 'module' ? object.name : object.kind,
  }));
  return { ...lintResult('target', all, changes), units: named };
}

const codeOf = (files: readonly PatchedFile[]) =>
  files.filter(({ path, change }) => /^(unit|header)$/.test(lintPath(path).kind) && change === 'modified');

const manyFunctions = 25;
const manyFiles = 10;

function textFindings(changes: readonly SourceChange[]): LintFinding[] {
  const all = changes.map((change) => ({ change, functions: changedFunctions(change) }));
  const functions = all.flatMap((each) => each.functions);
  const isLarge = functions.length > manyFunctions || changes.length > manyFiles;
  return [
    ...all.flatMap((each) => [
      ...codeFindings(each.change, each.functions),
      ...dataFindings(each.change, each.functions),
      ...transitionFindings(each.change, each.functions),
    ]),
    ...lockFindings(functions),
    ...callbackFindings(changes),
    ...(isLarge ? [finding('LC09', { functions: functions.length, files: changes.length })] : []),
  ];
}

const levels = ['error', 'warning', 'info'] as const;

function lintResult(
  tier: LintResult['tier'],
  all: readonly LintFinding[],
  changes: readonly SourceChange[],
): LintResult {
  const key = ({ rule, file, function: name }: LintFinding) => `${rule} ${file} ${name}`;
  const once = all.filter(
    (each, index) => all.findIndex((other) => key(other) === key(each)) === index || !each.function,
  );
  const findings = once.sort(
    (a, b) =>
      levels.indexOf(a.level) - levels.indexOf(b.level) ||
      (a.file ?? '').localeCompare(b.file ?? '') ||
      (a.line ?? 0) - (b.line ?? 0),
  );
  const worst = findings[0]?.level;
  return {
    verdict: worst === 'error' ? 'refused' : worst === 'warning' ? 'warned' : 'clean',
    tier,
    findings,
    functions: changes.flatMap(changedFunctions).map(({ file, name, fate }) => ({ file, name, change: fate })),
    units: [],
  };
}
