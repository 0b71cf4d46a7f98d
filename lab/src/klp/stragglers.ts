// Which tasks hold a transition back, and where they are.

import type { StalledTask } from '../core/event.ts';
import type { Guest } from '../vm/guest/guest.ts';
import type { Direction } from './transition-samples.ts';

/** Tasks that have not reached the goal of the running transition, with the stacks the kernel shows. */
export async function readStragglers(guest: Guest, direction: Direction, signal: AbortSignal): Promise<StalledTask[]> {
  const { stdout } = await guest.script(stragglerScript(direction === 'patching' ? 0 : 1), { signal });
  return parseStragglers(stdout);
}

function stragglerScript(behind: 0 | 1): string {
  return `
for task in /proc/[0-9]*/task/[0-9]*; do
  read -r state < $task/patch_state || continue
  [ "$state" = ${behind} ] || continue
  echo "task \${task##*/} $state"
  grep -E '^(Name|State):' $task/status || true
  cat $task/stack || true
done 2>/dev/null
`;
}

/** Parses the script's output: `task TID STATE`, `Name:` and `State:` of proc(5) status, then the stack. */
export function parseStragglers(text: string): StalledTask[] {
  return text
    .split(/^task /m)
    .slice(1)
    .map((block) => {
      const [head = '', ...lines] = block.trimEnd().split('\n');
      const [pid, patchState] = head.split(' ').map(Number);
      const field = (name: string) =>
        lines
          .find((line) => line.startsWith(`${name}:`))
          ?.slice(name.length + 1)
          .trim() ?? '?';
      const stack = lines.filter((line) => line.startsWith('[<')).map((line) => line.replace(/^\[<[0-9a-f]+>\] /, ''));
      return { pid: pid ?? 0, patchState: patchState ?? -1, comm: field('Name'), state: field('State'), stack };
    });
}
