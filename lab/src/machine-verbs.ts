// The facade's verbs for machines; part of lab.ts, which is the only door. Nothing here decides; the rooms do.

import type { Socket } from 'node:net';
import { isLabError } from './core/error.ts';
import type { OpContext } from './core/operation.ts';
import type { Site } from './core/site.ts';
import { loadedLivepatches } from './klp/loaded-livepatches.ts';
import { type KeptMachineRequest, startKeptMachine } from './trial/kept-machine.ts';
import { lastConsole } from './vm/console/console.ts';
import type { ConsoleLine } from './vm/console/console-line.ts';
import { consoleEnd, type ConsoleMark } from './vm/console/console-segments.ts';
import { copyFromGuest } from './vm/guest/copy-from-guest.ts';
import { type Copied, copyToGuest } from './vm/guest/copy-to-guest.ts';
import { type DumpFormat, dumpMemory, type MemoryDump } from './vm/dump-memory.ts';
import { endMachine } from './vm/end-machine.ts';
import type { Guest } from './vm/guest/guest.ts';
import { instanceFiles } from './vm/instance/instance-files.ts';
import { listInstances } from './vm/instance/list-instances.ts';
import { attachMachine } from './vm/machine.ts';
import { type MachineDetails, machineDetails } from './vm/machine-details.ts';
import { knownInstance, type MachineStatus, machineStatus } from './vm/machine-status.ts';
import { type GdbSession, openGdb } from './vm/open-gdb.ts';
import { listMachineSnapshots, type MachineSnapshot, removeMachineSnapshot } from './vm/machine-snapshots.ts';
import { reapInstances } from './vm/reap-instances.ts';
import { removeInstance } from './vm/remove-instance.ts';
import { resetMachine } from './vm/reset-machine.ts';
import { resumeAfterGdb } from './vm/gdb-stub.ts';
import { restoreMachine } from './vm/restore-machine.ts';
import { runningInstance } from './vm/running-instance.ts';
import { saveMachine } from './vm/save-machine.ts';
import { withTerminal } from './vm/console/terminal.ts';
import { followInstanceConsole } from './vm/until-dead.ts';
import { type MachineEvent, watchMachine } from './vm/watch-machine.ts';

export type CopyCommand = { vm: string; direction: 'to-guest' | 'from-guest'; from: string; to: string };

export function machineVerbs(site: Site) {
  const { paths } = site;
  const known = (name: string, ctx: OpContext) => machineStatus(instanceFiles(paths, name), ctx.signal);

  /** Runs `body` as root in the machine and lets go of it afterwards. */
  const inGuest = async <T>(name: string, ctx: OpContext, body: (guest: Guest) => Promise<T>): Promise<T> => {
    const machine = await attachMachine({ paths, name }, ctx);
    try {
      return await body(machine.guest);
    } finally {
      await machine.detach();
    }
  };

  return {
    /** Starts a machine, or one that was stopped again, as it was where the request says nothing. */
    vmUp: async (request: KeptMachineRequest, ctx: OpContext): Promise<MachineStatus> => {
      const machine = await startKeptMachine(ctx, site, request);
      await machine.detach();
      return machineStatus(machine.files, ctx.signal);
    },

    vmList: async (ctx: OpContext): Promise<MachineStatus[]> => {
      await reapInstances(paths, ctx.signal);
      const instances = await listInstances(paths);
      return Promise.all(instances.map((files) => machineStatus(files, ctx.signal)));
    },

    vmShow: (name: string, ctx: OpContext): Promise<MachineDetails> => machineDetails(paths, name, ctx.signal),

    /** Livepatches a machine has enabled; undefined when its guest does not answer at once. */
    vmLivepatches: (name: string, ctx: OpContext): Promise<string[] | undefined> => loadedLivepatches(paths, name, ctx),

    /** Ends the machine; its directory stays, for its console, its disk, and to start it again. Throws `vm.unknown`. */
    vmDown: async (name: string, ctx: OpContext): Promise<void> =>
      endMachine(paths, await knownInstance(paths, name, ctx.signal), ctx),

    /** Ends the machine and forgets it. Throws `vm.unknown`. */
    vmRemove: async (name: string, ctx: OpContext): Promise<void> => {
      await known(name, ctx);
      await removeInstance(paths, name);
    },

    /** Restarts the guest, whatever it is doing, and waits until it answers again. */
    vmReset: async (name: string, ctx: OpContext): Promise<void> =>
      resetMachine(await runningInstance(paths, name, ctx.signal), ctx),

    /** Saves the machine as it is; it goes on. Without a label: one made of the time. */
    vmSnapshot: async ({ vm, label }: { vm: string; label?: string }, ctx: OpContext): Promise<MachineSnapshot> => {
      const { label: made } = await saveMachine(instanceFiles(paths, vm), label, ctx);
      const all = await listMachineSnapshots(instanceFiles(paths, vm));
      return all.find((each) => each.label === made) as MachineSnapshot;
    },

    /** Oldest first. Throws `vm.unknown`. */
    vmSnapshots: async (name: string, ctx: OpContext): Promise<MachineSnapshot[]> => {
      await known(name, ctx);
      return listMachineSnapshots(instanceFiles(paths, name));
    },

    /** Brings the machine back to a snapshot, by default the newest; its present is lost. */
    vmRestore: async ({ vm, label }: { vm: string; label?: string }, ctx: OpContext): Promise<MachineStatus> => {
      await known(vm, ctx);
      const machine = await restoreMachine(instanceFiles(paths, vm), label, ctx);
      await machine.detach();
      return machineStatus(machine.files, ctx.signal);
    },

    vmRemoveSnapshot: async ({ vm, label }: { vm: string; label: string }, ctx: OpContext): Promise<void> => {
      await known(vm, ctx);
      await removeMachineSnapshot(instanceFiles(paths, vm), label);
    },

    vmCopy: ({ vm, direction, ...where }: CopyCommand, ctx: OpContext): Promise<Copied> =>
      inGuest(vm, ctx, (guest) =>
        direction === 'to-guest' ? copyToGuest(guest, where, ctx) : copyFromGuest(guest, where, ctx),
      ),

    /** Opens the gdb stub; the guest runs on until a debugger connects. */
    vmGdb: (name: string, ctx: OpContext): Promise<GdbSession> => openGdb(paths, name, ctx),

    /** Lets a guest run again that a debugger left stopped. */
    vmResume: async (name: string, ctx: OpContext): Promise<void> => {
      try {
        await resumeAfterGdb((await runningInstance(paths, name, ctx.signal)).files, ctx.signal);
      } catch (error) {
        if (!isLabError(error, 'vm.not-running') && !isLabError(error, 'vm.dead')) throw error;
      }
    },

    /** Writes the guest's memory to a file. */
    vmDump: async (
      { vm, ...where }: { vm: string; file: string; format: DumpFormat },
      ctx: OpContext,
    ): Promise<MemoryDump> => {
      const { files, config } = await runningInstance(paths, vm, ctx.signal);
      return dumpMemory({ files, memoryMiB: config.memoryMiB, ...where }, ctx);
    },

    /** The last lines of the console log, and where it ended then. Works for stopped machines too. */
    vmConsole: async (
      name: string,
      count: number,
      ctx: OpContext,
    ): Promise<{ lines: ConsoleLine[]; end: ConsoleMark }> => {
      await known(name, ctx);
      const { consoleLog } = instanceFiles(paths, name);
      const end = await consoleEnd(consoleLog);
      return { lines: await lastConsole(consoleLog, count), end };
    },

    /** Calls `onLine` for each line of the console from there on, until the machine ends. */
    vmFollowConsole: async (
      name: string,
      from: ConsoleMark,
      ctx: OpContext,
      onLine: (line: ConsoleLine) => void,
    ): Promise<void> => {
      const { files, run } = await runningInstance(paths, name, ctx.signal);
      await followInstanceConsole(files, run, { from, signal: ctx.signal }, onLine);
    },

    /** Calls `body` with the serial console, both ways; `state.locked` when every terminal is taken. */
    vmTerminal: async <T>(name: string, ctx: OpContext, body: (terminal: Socket) => Promise<T>): Promise<T> => {
      const { files } = await runningInstance(paths, name, ctx.signal);
      return withTerminal(files, ctx.signal, body);
    },

    /**
     * Calls `onEvent` for what happens to the machine from now on: console lines, what they say is wrong, QMP events, and
     * its end, with which it resolves. Without QMP's events when too many watch already. Rejects with `qemu.mute` when QEMU
     * does not greet for a minute.
     */
    vmWatch: async (name: string, ctx: OpContext, onEvent: (event: MachineEvent) => void): Promise<void> => {
      const { files, run } = await runningInstance(paths, name, ctx.signal);
      const consoleFrom = await consoleEnd(files.consoleLog);
      await watchMachine(files, run, { signal: ctx.signal, onEvent, consoleFrom, isContentWithoutQmp: true });
    },

    /** Root in the machine; the caller closes it. */
    vmGuest: async (name: string, ctx: OpContext): Promise<Guest> => (await attachMachine({ paths, name }, ctx)).guest,
  };
}
