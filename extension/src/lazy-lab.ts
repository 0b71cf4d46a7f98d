// The lab, loaded when it is first asked: reading its code takes longer than all else that a window needs to begin.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Lab, labPaths } from 'livepatch-lab';

type Verb = (...words: unknown[]) => unknown;

/** Every verb waits for the code; the paths are known at once. */
export function lazyLab(load: () => Promise<Lab>): Lab {
  let loaded: Promise<Lab> | undefined;
  const lab = () => (loaded ??= nextTurn().then(load));
  const paths = labPaths();
  const ask =
    (verb: string): Verb =>
    async (...words) =>
      ((await lab()) as unknown as Record<string, Verb>)[verb]?.(...words);
  return new Proxy({ paths } as Lab, {
    get: (known, key): unknown => (typeof key === 'symbol' || key in known ? Reflect.get(known, key) : ask(key)),
  });
}
