// Keeps every event of the window's acts where VS Code keeps logs of extensions, for bug reports and for tests.

import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LabEvent } from 'livepatch-lab';

export type Journal = (event: LabEvent) => void;

/** Appends events as NDJSON to `events.ndjson` in that directory, which VS Code deletes in its own time. */
export function openJournal(directory: string): Journal {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'events.ndjson');
  return (event) => appendFileSync(path, `${JSON.stringify(event)}\n`);
}
