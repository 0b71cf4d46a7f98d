// What a progress notification says.

import assert from 'node:assert/strict';
import { eventLine } from '../../../extension/src/operations/event-line.ts';
import { progressMessage } from '../../../extension/src/operations/progress-message.ts';
import type { EventBody, LabEvent } from '../../../lab/src/core/event.ts';
import { emptyOpView, reduceEvent } from '../../../lab/src/core/progress.ts';

const at = (event: EventBody): LabEvent => ({ at: 0, op: 'x', ...event });
const after = (...events: EventBody[]) => progressMessage(events.map(at).reduce(reduceEvent, emptyOpView));

describe('progressMessage', () => {
  it('is silent before the first stage and after the last', () => {
    assert.equal(after(), undefined);
    const end = { type: 'stage.end', stage: 'build', ok: true, ms: 1, cached: false } as const;
    assert.equal(after({ type: 'stage.start', stage: 'build', title: 'Build' }, end), undefined);
  });

  it('names the innermost running stage and what it waits for', () => {
    const message = after(
      { type: 'stage.start', stage: 'build', title: 'Build' },
      { type: 'stage.start', stage: 'build/compile', title: 'Compile' },
      { type: 'stage.waiting', stage: 'build/compile', what: 'gcc' },
    );
    assert.equal(message, 'Compile: gcc');
  });

  it('shows amounts with their unit', () => {
    const start = { type: 'stage.start', stage: 'kernel', title: 'Kernel' } as const;
    const bytes = {
      type: 'stage.progress',
      stage: 'kernel',
      done: 1_500_000,
      total: 34_000_000,
      unit: 'bytes',
    } as const;
    assert.equal(after(start, bytes), 'Kernel: 1.5 MB of 34.0 MB');
    assert.equal(after(start, { ...bytes, done: 7, total: 9, unit: 'tasks' }), 'Kernel: 7 of 9 tasks');
  });
});

describe('eventLine', () => {
  it('logs the equivalent command line of an act', () => {
    const line = eventLine(at({ type: 'op.start', name: 'Starting web1', equivalent: 'lpl vm up web1' }));
    assert.equal(line, 'Starting web1\n$ lpl vm up web1');
  });

  it('keeps fine-grained progress out of the log', () => {
    assert.equal(eventLine(at({ type: 'stage.progress', stage: 'x', done: 1, unit: 'files' })), undefined);
  });
});
