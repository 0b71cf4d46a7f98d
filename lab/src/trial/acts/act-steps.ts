// What an act has to show, one thing after another. It ends at the first that does not come out, which is a result.

import { isLabError } from '../../core/error.ts';
import type { TransitionResult } from '../../klp/transition.ts';
import { transitionNote } from '../../klp/transition.ts';
import type { ActEvidence } from '../evidence.ts';

/** Thrown to leave an act early; nobody but `playSteps` sees it. */
class ActOver extends Error {}

export class ActSteps {
  asked = 0;
  done = 0;
  /** What came out wrong, or why the act could not be played. */
  trouble: string | undefined;
  readonly figures: string[] = [];

  /** `what` must be so. */
  expect(what: string, isSo: boolean): void {
    this.asked += 1;
    if (!isSo) this.leave(`not so: ${what}`);
    this.done += 1;
  }

  complete(what: string, result: TransitionResult): void {
    const by = result.stalled.map(({ comm, pid }) => `${comm}[${pid}]`).join(', ');
    this.expect(
      `${what} completes (${transitionNote(result)}${by ? `, held back by ${by}` : ''})`,
      result.outcome === 'complete',
    );
  }

  /** The act says nothing about the livepatch here, whatever went before. */
  cannot(why: string): never {
    this.asked = this.done = 0;
    return this.leave(why);
  }

  leave(why: string): never {
    this.trouble = why;
    throw new ActOver(why);
  }
}

/** What the kernel answers that will not have it so is a step that failed; everything else rejects. */
const isRefusal = (error: unknown) => isLabError(error, 'klp.load-rejected') || isLabError(error, 'klp.busy');

/** Plays `body` and tells how far it came. */
export async function playSteps(
  about: Pick<ActEvidence, 'act' | 'title'>,
  body: (steps: ActSteps) => Promise<void>,
): Promise<ActEvidence> {
  const steps = new ActSteps();
  try {
    await body(steps);
  } catch (error) {
    if (isRefusal(error)) {
      steps.asked += 1;
      steps.trouble = (error as Error).message;
    } else if (!(error instanceof ActOver)) throw error;
  }
  const { asked, done, trouble, figures } = steps;
  return { ...about, asked, done, said: trouble ?? figures.join(', ') };
}
