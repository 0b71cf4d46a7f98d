// A negative control: something that must not pass, and how a trial has to notice it.

import type { OpContext } from '../../core/operation.ts';
import type { RunningMachine } from '../../vm/machine.ts';
import type { Recording } from '../recording.ts';
import type { Scenario } from '../scenario.ts';
import type { Verdict } from '../verdict.ts';

/** Where trouble is made. `makeTrouble` writes a word to /proc/lpl_trouble (lab/selfcheck/lpl_trouble.c). */
export type Scene = {
  machine: RunningMachine;
  recording: Recording;
  ctx: OpContext;
  /** A shell script in the guest that must work. */
  script: (text: string) => Promise<string>;
  /** A script that may never come back, for its guest is in trouble then. */
  start: (text: string) => void;
  /** Waits that long, or until the machine has died. */
  wait: (ms: number) => Promise<void>;
};

export type Control = {
  id: string;
  title: string;
  /** What the scenario has beside nothing at all: patches, workloads. Paths are those of lab/selfcheck and lab/examples. */
  scenario?: (paths: { selfcheck: string; examples: string }) => Partial<Scenario>;
  /** What of the equipment it needs in the guest. */
  needs?: 'trouble' | 'intruder';
  play?: (scene: Scene) => Promise<void>;
  /** The right reason: this verdict, by that check, in words like these. */
  caught: { verdict: Verdict['verdict']; by: string; says: RegExp };
  /** What the same check says when the host was too busy for the trouble to show. */
  drowned?: RegExp;
  /** No other control is played meanwhile. */
  alone?: boolean;
  /** Part of the quick selection that CI runs. */
  quick?: boolean;
};

/** What a check says that could not see the trouble for the noise of the host. */
export function drownedBy({ caught, drowned }: Control, { checks }: Verdict): string | undefined {
  return checks.find(({ id, figure }) => id === caught.by && drowned?.test(figure))?.figure;
}

/** Where a trial put its finger on it; undefined when it did not. */
export function caughtBy({ caught }: Control, { verdict, checks, reasons }: Verdict): string | undefined {
  if (verdict !== caught.verdict) return undefined;
  if (caught.by === 'hindrance') return reasons.find((reason) => caught.says.test(reason));
  const check = checks.find(({ id, ok, figure }) => id === caught.by && ok !== true && caught.says.test(figure));
  return check && `${check.title}: ${check.figure}`;
}
