// What a scenario wants done with a livepatch beside loading it once: which acts there are, and their order.

import { type OpContext, runStage } from '../../core/operation.ts';
import type { ActEvidence } from '../evidence.ts';
import type { ScenarioPatch } from '../scenario.ts';
import type { ActRequest } from './act-request.ts';
import { type ActSteps, playSteps } from './act-steps.ts';
import { conflictWithKprobe } from './conflict-with-kprobe.ts';
import { cycleLivepatch } from './cycle-livepatch.ts';
import { holdTransition, secondWhileAsleep } from './hold-transition.ts';
import { reloadModules } from './reload-modules.ts';
import { replaceLivepatch } from './replace-livepatch.ts';
import { signalStragglers } from './signal-stragglers.ts';
import { stackLivepatch } from './stack-livepatch.ts';
import { clearLivepatches } from './stage-livepatch.ts';
import { type Tracer, traceLivepatch } from './trace-livepatch.ts';
import { turnTransition } from './turn-transition.ts';

type Acts = ScenarioPatch['acts'];
type Act = {
  title: string;
  isAsked: (acts: Acts) => boolean;
  play: (request: ActRequest, steps: ActSteps, ctx: OpContext) => Promise<void>;
};

const traced = (tracer: Tracer, key: 'tracer' | 'graph', when: 'before' | 'after'): Act => ({
  title: `is replaced and traced, with the ${tracer.replace('_', ' ')} tracer on ${when} it`,
  isAsked: (acts) => acts[key].includes(when),
  play: (request, steps, ctx) => traceLivepatch(request, { tracer, when }, steps, ctx),
});

const acts: Record<string, Act> = {
  kprobe: {
    title: 'is refused while its function has a kprobe',
    isAsked: (asked) => asked.kprobe,
    play: conflictWithKprobe,
  },
  'tracer-before': traced('function', 'tracer', 'before'),
  'tracer-after': traced('function', 'tracer', 'after'),
  'graph-before': traced('function_graph', 'graph', 'before'),
  'graph-after': traced('function_graph', 'graph', 'after'),
  cycles: {
    title: 'loads and unloads again and again',
    isAsked: ({ cycles }) => cycles > 0,
    play: cycleLivepatch,
  },
  rapid: {
    title: 'settles after transitions that are turned round under way',
    isAsked: ({ rapid }) => rapid > 0,
    play: turnTransition,
  },
  replace: {
    title: 'is replaced at one stroke by other versions of it, and comes back',
    isAsked: ({ replace }) => replace > 0,
    play: replaceLivepatch,
  },
  stack: {
    title: 'is stacked without replace, and taken out from below',
    isAsked: ({ stack }) => stack > 0,
    play: stackLivepatch,
  },
  reload: {
    title: 'is in effect in modules that come anew',
    isAsked: ({ reload }) => reload,
    play: reloadModules,
  },
  blocked: {
    title: 'waits for a task that sleeps in the old code, traced or not',
    isAsked: ({ blocked }) => blocked,
    play: holdTransition,
  },
  second: {
    title: 'waits for a task that sleeps in it before another takes its place',
    isAsked: ({ second }) => second,
    play: secondWhileAsleep,
  },
  signals: {
    title: 'gets past a sleeper by the signal of the kernel, which the sleeper never sees',
    isAsked: ({ signals }) => signals,
    play: signalStragglers,
  },
};

/** Names of the acts that are asked for, in the order they are played. */
export const actsAsked = (asked: Acts): string[] =>
  Object.entries(acts).flatMap(([name, { isAsked }]) => (isAsked(asked) ? [name] : []));

/** Plays them all; what each came to goes into `played` at once, so that an early end loses nothing. */
export async function playActs(request: ActRequest, played: ActEvidence[], ctx: OpContext): Promise<void> {
  for (const name of actsAsked(request.patch.acts)) {
    const { title, play } = acts[name] as Act;
    await runStage(ctx, { id: name, title }, async (stage) => {
      const act = await playSteps({ act: name, title }, (steps) => play(request, steps, stage));
      played.push(act);
      stage.note(act.said);
      if (act.done < act.asked || act.asked === 0) await clearLivepatches(request, stage);
    });
  }
}
