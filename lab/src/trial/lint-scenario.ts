// Looks a scenario over before anything is built or booted: what it names must be there and be what it should be.

import { asLabError, LabError } from '../core/error.ts';
import type { Site } from '../core/site.ts';
import { parseTarget } from '../kernel/target-names.ts';
import { readLivepatchModule } from '../klp/module-file.ts';
import { readPatch } from '../patch/read-patch.ts';
import { findProfile } from '../vm/image/guest-profile.ts';
import { toolNames } from '../workload/workload-plan.ts';
import { readScenario, type Scenario, type ScenarioPatch } from './scenario.ts';
import { readScenarioFile } from './scenario-files.ts';

export type ScenarioFinding = { level: 'error' | 'warning'; message: string };
export type ScenarioLint = { path: string; title: string; findings: ScenarioFinding[] };

/** Throws `scenario.invalid` for a file that is no scenario; everything else is a finding. */
export async function lintScenario(path: string, site: Site): Promise<ScenarioLint> {
  const scenario = await readScenario(path);
  const findings = await Promise.all([
    tried('target', () => parseTarget(site.paths, scenario.target)),
    tried('profile', () => findProfile(site, scenario.profile)),
    ...scenario.patches.flatMap((patch) => lintPatch(scenario, patch)),
  ]);
  return { path: scenario.path, title: scenario.title, findings: [...findings.flat(), ...doubts(scenario)] };
}

function lintPatch(scenario: Scenario, { name, source, reproducer }: ScenarioPatch): Promise<ScenarioFinding[]>[] {
  const look = async () => {
    if (source.kind === 'module') return void (await readLivepatchModule(source.path));
    const read = readPatch(String(await readScenarioFile(scenario, source.path)));
    if (Array.isArray(read)) return;
    const where = read.line === undefined ? source.path : `${source.path}:${read.line}`;
    throw new LabError('patch.invalid', `${where} is no unified diff: ${read.kind}`);
  };
  return [
    tried(name, look),
    ...(reproducer ? [tried(`${name}: reproducer`, () => readScenarioFile(scenario, reproducer))] : []),
  ];
}

async function tried(what: string, look: () => unknown): Promise<ScenarioFinding[]> {
  try {
    await look();
    return [];
  } catch (error) {
    return [{ level: 'error', message: `${what}: ${asLabError(error).message}` }];
  }
}

/** What is allowed, and proves little or nothing. */
function doubts({ patches, workloads, profile, selftests, cpus }: Scenario): ScenarioFinding[] {
  const warn = (message: string): ScenarioFinding => ({ level: 'warning', message });
  const tools = workloads.filter(({ name }) => (toolNames as readonly string[]).includes(name));
  return [
    ...patches
      .filter(({ reproducer }) => reproducer === undefined)
      .map(({ name }) => warn(`${name}: no reproducer, so nothing shows that the livepatch does what it is for`)),
    ...patches
      .filter(({ acts, sleeper }) => acts.rapid > 0 && !sleeper && cpus === 1)
      .map(({ name }) =>
        warn(`${name}: rapid: on one CPU a transition is over too soon; give a sleeper, or more cpus`),
      ),
    ...(profile === 'tiny' && selftests ? [warn('selftests: the tiny profile has no bash; debian has')] : []),
    ...(profile === 'tiny' ? tools.map(({ name }) => warn(`${name}: the tiny profile has it not; debian has`)) : []),
  ];
}
