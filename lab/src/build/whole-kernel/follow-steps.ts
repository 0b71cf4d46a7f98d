// Stages of a tool that tells on its output what it is doing: each step lasts until the next is announced.

import { type OpContext, runStage, type StageContext } from '../../core/operation.ts';

export type Step = { id: string; title: string };

export type Steps = {
  /** Ends the current step and begins that one. */
  enter: (step: Step) => void;
  /** Names what the current step is waiting for. */
  waiting: (what: string) => void;
};

type Running = { end: () => void; fail: (error: unknown) => void };

/** Runs `body`, whose steps become stages of `ctx`, from `first` on; what it throws fails the last of them. */
export async function followSteps<T>(ctx: OpContext, first: Step, body: (steps: Steps) => Promise<T>): Promise<T> {
  let running: Running | undefined;
  let stage: StageContext | undefined;
  let stages = Promise.resolve();
  const enter = (step: Step) => {
    running?.end();
    const ended = new Promise<void>((resolve, reject) => (running = { end: resolve, fail: reject }));
    // A stage that cannot begin any more does not look at it.
    ended.catch(() => undefined);
    stages = stages.then(() =>
      runStage(ctx, step, (inner) => {
        stage = inner;
        return ended;
      }),
    );
  };
  enter(first);
  try {
    const result = await body({ enter, waiting: (what) => stage?.waiting(what) });
    running?.end();
    return result;
  } catch (error) {
    running?.fail(error);
    throw error;
  } finally {
    // It rejects with what `body` threw.
    await stages.catch(() => undefined);
  }
}
