// What the CPUs of a guest are doing right now, told by QEMU: for guests that tell nothing themselves.

import type { InstanceFiles } from './instance/instance-files.ts';
import { withQmp } from './qemu/qmp-access.ts';

/** All registers of all CPUs as lines of text, a summary first. Rejects as withQmp does. */
export async function readGuestRegisters(files: InstanceFiles, signal: AbortSignal): Promise<string[]> {
  const text = await withQmp(files, signal, (qmp) =>
    qmp.execute<string>('human-monitor-command', { 'command-line': 'info registers -a' }),
  );
  return [...summariseRegisters(text), ...text.split(/\r?\n/).filter((line) => line.trim())];
}

/** `CPU#0 at ffffffff81000000, halted`, one line a CPU, from `info registers -a`. */
export function summariseRegisters(text: string): string[] {
  return text
    .split(/^CPU#/m)
    .slice(1)
    .map((cpu) => {
      const [, rip = '?', flags = '0'] = /RIP=([0-9a-f]+) RFL=([0-9a-f]+)/.exec(cpu) ?? [];
      const isHalted = /\bHLT=1\b/.test(cpu);
      // Bit 9 of RFLAGS: interrupts enabled (Intel SDM 3.4.3.3).
      const interrupts = (parseInt(flags, 16) & 0x200) !== 0 ? 'on' : 'off';
      return `CPU#${parseInt(cpu, 10)} at ${rip}, ${isHalted ? 'halted' : 'running'}, interrupts ${interrupts}`;
    });
}
