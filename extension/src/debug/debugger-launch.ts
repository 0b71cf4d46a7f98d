// How an installed debugger extension is told to attach to a kernel through its gdb stub. Free of vscode.

import type { Argv } from 'livepatch-lab';

/** `gdb`: of the extension "Native Debug"; `cppdbg`: of "C/C++". The first that is there is taken. */
export const knownDebuggers = ['gdb', 'cppdbg'] as const;
export type KnownDebugger = (typeof knownDebuggers)[number];

export type KernelStub = { machine: string; argv: Argv; socket: string; vmlinux?: string; cwd: string };

export type DebuggerLaunch = { type: KnownDebugger; request: string; name: string } & Record<string, unknown>;

/** Undefined when that debugger cannot do without symbols, and there are none. */
export function debuggerLaunch(type: KnownDebugger, stub: KernelStub): DebuggerLaunch | undefined {
  const { machine, argv, socket, vmlinux, cwd } = stub;
  const name = `${machine} kernel`;
  // What gdb is told before it connects: the architecture, and where KASLR put the symbols.
  const before = argv.filter((word, index) => argv[index - 1] === '-ex' && !word.startsWith('target remote'));
  if (type === 'gdb')
    return {
      ...{ type, request: 'attach', name, target: socket, remote: true, cwd, gdbpath: argv[0] },
      ...{ autorun: before, valuesFormatting: 'parseText', stopAtConnect: true },
    };
  if (!vmlinux) return undefined;
  return {
    ...{ type, request: 'launch', name, program: vmlinux, cwd, MIMode: 'gdb', miDebuggerPath: argv[0] },
    ...{ miDebuggerServerAddress: socket, stopAtConnect: true },
    setupCommands: before.map((text) => ({ text })),
  };
}
