// The function tracer on the functions that the livepatch replaces: they must still be traced, and still be replaced.

import type { OpContext } from '../../core/operation.ts';
import type { Guest } from '../../vm/guest/guest.ts';
import type { ActEvidence } from '../evidence.ts';

const tracing = '/sys/kernel/tracing';

/** Starts tracing them. A name that ftrace does not know is an error of the guest's, told by the act's count. */
export async function startTracer(guest: Guest, functions: readonly string[], { signal }: OpContext): Promise<void> {
  const filter = functions.map((name) => `echo ${name} >> ${tracing}/set_ftrace_filter 2>/dev/null || true`);
  const script = `: > ${tracing}/set_ftrace_filter\n${filter.join('\n')}\necho function > ${tracing}/current_tracer\n`;
  await guest.script(script, { signal });
}

/** Empties the trace, so that what is in it afterwards comes of what is done next. */
export async function clearTrace(guest: Guest, { signal }: OpContext): Promise<void> {
  await guest.script(`: > ${tracing}/trace`, { signal });
}

/** Which of them the trace shows; ends the tracing. */
export async function stopTracer(
  { guest, functions, when }: { guest: Guest; functions: readonly string[]; when: 'before' | 'after' },
  { signal }: OpContext,
): Promise<ActEvidence> {
  const script = `cat ${tracing}/trace\necho nop > ${tracing}/current_tracer\n: > ${tracing}/set_ftrace_filter\n`;
  const { stdout } = await guest.script(script, { signal });
  const lines = stdout.split('\n').filter((line) => !line.startsWith('#'));
  const seen = functions.filter((name) => lines.some((line) => new RegExp(`: ${name} <-`).test(line)));
  return {
    act: 'tracer',
    title: `is traced, with the tracer on ${when} the livepatch`,
    asked: 1,
    done: seen.length > 0 ? 1 : 0,
    said: seen.length > 0 ? `${seen.join(', ')} in the trace` : `none of ${functions.join(', ')} in the trace`,
  };
}
