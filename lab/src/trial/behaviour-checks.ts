// Did the livepatch do what it is for, and did it come and go as livepatches must?

import type { Check } from './check.ts';
import type { Evidence, PatchEvidence, TransitionEvidence } from './evidence.ts';
import { seconds } from './figures.ts';
import { lastLine } from './last-line.ts';

export function behaviourChecks({ patches, acts }: Evidence): Check[] {
  const each = patches.flatMap((patch) => [
    loadCheck(patch),
    ...(patch.rejection ? [] : [...transitionChecks(patch), ...reproducerChecks(patch), ...actChecks(patch)]),
  ]);
  return [...each, ...actChecks({ name: 'all patches', acts })];
}

function loadCheck(patch: PatchEvidence): Check {
  const { rejection, build } = patch;
  const loaded = patch.transitions.length > 0;
  return {
    id: 'load',
    title: `${patch.name}: loads`,
    ok: rejection ? false : loaded || undefined,
    figure: rejection ?? (loaded ? build.functions.map(({ name }) => name).join(', ') : 'never loaded'),
  };
}

function transitionChecks(patch: PatchEvidence): Check[] {
  return (['patching', 'unpatching'] as const).map((direction) => {
    const found = patch.transitions.find((transition) => transition.direction === direction);
    const title = `${patch.name}: every task ${direction === 'patching' ? 'patched' : 'unpatched'}`;
    return {
      id: 'transition',
      title,
      ok: found && found.outcome === 'complete',
      figure: found ? describe(found) : 'never started',
    };
  });
}

function describe({ outcome, fromMs, toMs, stalled, samples }: TransitionEvidence): string {
  const took = seconds(toMs - fromMs);
  if (outcome === 'complete') {
    const tasks = Math.max(0, ...samples.map(({ converged, remaining }) => converged + remaining));
    return `${tasks ? `${tasks} tasks ` : ''}in ${took}`;
  }
  const who = stalled.map(({ pid, comm, stack }) => `${comm}[${pid}] in ${stack[0] ?? 'user mode'}`).join('; ');
  return `${outcome === 'reversed' ? 'stalled and rolled back' : 'stuck'} after ${took}, held back by ${who || 'no task that could be named'}`;
}

/** An act that was asked for and not played is unknown. */
function actChecks({ name, acts }: { name: string; acts?: PatchEvidence['acts'] | undefined }): Check[] {
  return (acts?.asked ?? []).map((act) => {
    const played = acts?.played.find((each) => each.act === act);
    const ok = played && played.asked > 0 ? played.done === played.asked : undefined;
    const figure = played ? `${played.done} of ${played.asked}; ${played.said}` : 'not played';
    return { id: 'act', title: `${name}: ${played?.title ?? act}`, ok, figure };
  });
}

const expected = { before: 1, live: 0, after: 1 } as const;
const wording = {
  before: 'old behaviour before',
  live: 'new behaviour while live',
  after: 'old behaviour after unload',
} as const;

function reproducerChecks(patch: PatchEvidence): Check[] {
  if (!patch.expectsReproducer) return [];
  const moments = ['before', 'live', 'after'] as const;
  return moments.slice(patch.comesFirst ? 1 : 0).map((when) => {
    const shown = patch.reproducer.find((run) => run.when === when);
    const answered = shown !== undefined && shown.exitCode <= 1;
    return {
      id: 'behaviour',
      title: `${patch.name}: ${wording[when]}`,
      ok: answered ? shown.exitCode === expected[when] : undefined,
      figure: shown ? lastLine(shown.output) || `exit code ${shown.exitCode}` : 'not shown',
    };
  });
}
