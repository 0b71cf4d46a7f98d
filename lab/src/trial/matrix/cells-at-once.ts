// How many cells at once are best for a host, where nobody says.

import { isQuiet } from '../ground.ts';
import type { Cell } from './matrix-file.ts';

/**
 * One for each CPU. Guests in which nothing is busy wait most of the time, and take turns when they do not (turns.ts): of them two
 * and a half. With more, what each costs while it waits takes the CPUs from those that could go on.
 */
export function cellsAtOnce(cells: readonly Pick<Cell, 'scenario'>[], cpus: number): number {
  return cells.every(({ scenario }) => isQuiet(scenario)) ? Math.ceil(2.5 * cpus) : cpus;
}
