// How what is measured inside VS Code gets out: a line of JSON for each figure, in a file that the bench names.

import { appendFileSync } from 'node:fs';

export type Figure = { name: string; unit: string; value: number };

/** Notes one figure. */
export function note(name: string, unit: string, value: number): void {
  appendFileSync(process.env['LPL_BENCH_FILE'] ?? '/dev/null', `${JSON.stringify({ name, unit, value })}\n`);
}
