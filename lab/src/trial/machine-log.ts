// What the machine itself says while it is recorded: trouble on its console, QEMU's events that must not come, its end.

import { LabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import { waitUntil } from '../core/wait.ts';
import { consoleGap } from '../vm/console/console-logger.ts';
import type { RunningMachine } from '../vm/machine.ts';
import type { MachineEvent } from '../vm/watch-machine.ts';
import type { Run } from './evidence.ts';
import { canaryMark } from './kernel-log.ts';

export type MachineLog = Pick<Run, 'machineEvents' | 'consoleProblems'> & {
  /** Aborts with `qemu.exited` when the machine has died, or as the context's does. */
  readonly signal: AbortSignal;
  /** Whether the log of the console was cut for a while. */
  hasConsoleGap: () => boolean;
  /** Resolves once the console has said that canary, however long ago; rejects with op.timeout. */
  untilCanary: (canary: string, timeoutMs: number) => Promise<void>;
  /** Resolves once a trouble of that kind was seen; rejects with op.timeout, or when the machine has died. */
  untilTrouble: (kind: string, timeoutMs: number) => Promise<void>;
  stop: () => void;
};

/** QMP events that must not happen while a machine is being livepatched (QEMU QMP reference). */
const fatalEvents = new Set([
  'RESET',
  'SHUTDOWN',
  'STOP',
  'POWERDOWN',
  'GUEST_PANICKED',
  'GUEST_CRASHLOADED',
  'SUSPEND',
]);

/** Resolves once nothing further can be missed; rejects as watching a machine does. `startedAt`: the zero of its times. */
export async function keepMachineLog(machine: RunningMachine, startedAt: number, ctx: OpContext): Promise<MachineLog> {
  const machineEvents: Run['machineEvents'] = [];
  const consoleProblems: Run['consoleProblems'] = [];
  const canaries: string[] = [];
  let isCut = false;
  const death = new AbortController();
  const over = new AbortController();
  const signal = AbortSignal.any([ctx.signal, death.signal]);

  const onEvent = (event: MachineEvent) => {
    const atMs = event.at - startedAt;
    if (event.type === 'console') {
      if (event.line.includes(canaryMark)) canaries.push(event.line);
      if (event.line.includes(consoleGap)) isCut = true;
    } else if (event.type === 'problem') {
      const { kind, text } = event.problem;
      consoleProblems.push({ atMs, kind, line: text });
      ctx.emit({ type: 'line', from: 'console', text });
    } else if (event.type === 'report') {
      const { problem, lines } = event.report;
      const told = consoleProblems.findLast(({ line, report }) => line === problem.text && !report);
      if (told) told.report = lines;
    } else if (event.type === 'qmp' && fatalEvents.has(event.event.event)) {
      const { event: name, data } = event.event;
      const why = name === 'SHUTDOWN' ? data['reason'] : undefined;
      machineEvents.push({ atMs, event: typeof why === 'string' ? `${name} (${why})` : name });
    } else if (event.type === 'ended') {
      machineEvents.push({ atMs, event: 'QEMU ended' });
      death.abort(
        new LabError('qemu.exited', `QEMU of ${machine.name} ended while it was watched`, {
          hint: `see ${machine.files.consoleLog}`,
        }),
      );
    }
  };
  await new Promise<void>((ready, reject) => {
    machine.watch({ signal: over.signal, onEvent, onReady: ready }).catch(reject);
  });

  return {
    machineEvents,
    consoleProblems,
    signal,
    hasConsoleGap: () => isCut,
    untilCanary: async (canary, timeoutMs) => {
      const wait = { what: `${canary} on the console`, timeoutMs, intervalMs: 20, signal };
      await waitUntil(wait, () => canaries.some((line) => line.includes(canary)) || undefined);
    },
    untilTrouble: async (kind, timeoutMs) => {
      const wait = { what: `a trouble of the kind ${kind}`, timeoutMs, intervalMs: 50, signal };
      await waitUntil(wait, () => consoleProblems.some((problem) => problem.kind === kind) || undefined);
    },
    stop: () => over.abort(),
  };
}
