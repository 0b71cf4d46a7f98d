// Runs a body as an operation of the lab and keeps what it emitted.

import type { LabEvent } from '../../lab/src/core/event.ts';
import { type OpContext, runOperation } from '../../lab/src/core/operation.ts';

export async function operate<T>(
  body: (ctx: OpContext) => Promise<T>,
  { signal = new AbortController().signal, events = [] as LabEvent[] } = {},
): Promise<T> {
  return runOperation({ name: 'test', signal, emit: (event) => void events.push(event) }, body);
}
