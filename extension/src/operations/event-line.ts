// How an event reads in the log channel. Pure.

import type { LabEvent } from 'livepatch-lab';

/** One line, or undefined for events that a log need not keep (fine-grained progress). */
export function eventLine(event: LabEvent): string | undefined {
  switch (event.type) {
    case 'op.start':
      return event.equivalent ? `${event.name}\n$ ${event.equivalent}` : event.name;
    case 'op.end':
      return event.ok
        ? `done in ${seconds(event.ms)}`
        : `ended after ${seconds(event.ms)}: ${event.error?.message ?? 'failed'}`;
    case 'stage.end': {
      const indent = '  '.repeat(event.stage.split('/').length);
      const extra = [event.cached ? 'cached' : '', event.note ?? '', event.error?.message ?? '']
        .filter(Boolean)
        .join(', ');
      return `${indent}${event.ok ? '✔' : '✘'} ${event.stage} ${seconds(event.ms)}${extra ? ` (${extra})` : ''}`;
    }
    case 'line':
      return `    ${event.from}| ${event.text}`;
    case 'vm.state':
      return `  ${event.vm}: ${event.state}${event.reason ? ` (${event.reason})` : ''}`;
    case 'klp.transition':
      return event.complete ? `  ${event.module}: ${event.direction} complete` : undefined;
    case 'klp.stalled':
      return `  ${event.module}: stalled by ${event.tasks.map(({ pid, comm }) => `${comm} (${pid})`).join(', ')}`;
    case 'verdict':
      return `  verdict: ${[event.verdict, ...event.reasons].join('; ')}`;
    default:
      return undefined;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
