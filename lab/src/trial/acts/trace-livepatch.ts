// A tracer on the functions that the livepatch replaces, from before it is live or from afterwards: they must still be traced,
// and still be replaced.

import type { OpContext } from '../../core/operation.ts';
import type { Guest } from '../../vm/guest/guest.ts';
import type { ActRequest } from './act-request.ts';
import type { ActSteps } from './act-steps.ts';
import { stageLivepatches } from './stage-livepatch.ts';

export type Tracer = 'function' | 'function_graph';

export const tracing = '/sys/kernel/tracing';

export async function traceLivepatch(
  request: ActRequest,
  { tracer, when }: { tracer: Tracer; when: 'before' | 'after' },
  steps: ActSteps,
  ctx: OpContext,
): Promise<void> {
  const { guest, livepatch, functions } = request;
  const stage = stageLivepatches(request, steps, ctx);
  const start = () => startTracer({ guest, tracer, functions, filter: 'set_ftrace_filter' }, ctx);
  try {
    if (when === 'before') await start();
    await stage.putIn(livepatch);
    if (when === 'after') await start();
    await guest.script(`: > ${tracing}/trace`, ctx);
    await stage.shows('new', 'under the tracer');
    const { stdout } = await guest.script(`cat ${tracing}/trace`, ctx);
    const seen = tracedFunctions(stdout, functions);
    steps.expect(`one of ${functions.join(', ')} is in the trace`, seen.length > 0);
    steps.figures.push(`${seen.join(', ')} in the trace`);
  } finally {
    await stopTracer(guest, ctx);
  }
  await stage.takeOut(livepatch);
  await stage.shows('old', 'once it is gone');
}

/** A name that ftrace does not know is left out: what is not traced is told by what the trace shows. */
export async function startTracer(
  request: {
    guest: Guest;
    tracer: Tracer;
    functions: readonly string[];
    filter: 'set_ftrace_filter' | 'set_graph_function';
  },
  { signal }: OpContext,
): Promise<void> {
  const file = `${tracing}/${request.filter}`;
  const names = request.functions.map((name) => `echo ${name} >> ${file} 2>/dev/null || true`);
  await request.guest.script(`: > ${file}\n${names.join('\n')}\necho ${request.tracer} > ${tracing}/current_tracer\n`, {
    signal,
  });
}

export async function stopTracer(guest: Guest, { signal }: OpContext): Promise<void> {
  const filters = ['set_ftrace_filter', 'set_graph_function'].map((name) => `: > ${tracing}/${name}`);
  await guest.script(`echo nop > ${tracing}/current_tracer\n${filters.join('\n')}\n`, { signal });
}

/** Pure. `... f <-caller` is a line of the function tracer, `... | f();` or `f() {` of the graph tracer (ftrace.rst). */
export function tracedFunctions(trace: string, functions: readonly string[]): string[] {
  const lines = trace.split('\n').filter((line) => !line.startsWith('#'));
  return functions.filter((name) =>
    lines.some((line) => new RegExp(`(: ${name} <-|\\| +${name}(\\(\\)| ))`).test(line)),
  );
}
