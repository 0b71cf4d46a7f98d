// Which host ports the host kernel chose for the forwards, from the human monitor's `info usernet`.

import { LabError } from '../../core/error.ts';
import type { InstanceFiles } from '../instance/instance-files.ts';
import type { InstanceRun } from '../instance/instance-record.ts';
import { servicePort } from './qemu-argv.ts';
import { withQmp } from './qmp-access.ts';

/** Host port by guest port, of TCP forwards on 127.0.0.1. */
export function parseUsernet(text: string): Map<number, number> {
  // Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ
  // TCP[HOST_FORWARD]  12       127.0.0.1 43067       10.0.2.15    22     0     0
  const rows = text.matchAll(/^\s*TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+(\d+)\s/gm);
  return new Map([...rows].map(([, host, guest]) => [Number(guest), Number(host)]));
}

/** Asks QEMU which ports a machine answers on. */
export async function readPorts(files: InstanceFiles, signal: AbortSignal): Promise<InstanceRun['ports']> {
  const text = await withQmp(files, signal, (qmp) =>
    qmp.execute<string>('human-monitor-command', { 'command-line': 'info usernet' }),
  );
  const ports = parseUsernet(text);
  const [ssh, service] = [ports.get(22), ports.get(servicePort)];
  if (!ssh || !service)
    throw new LabError('bug', `no forwards in \`info usernet\` of ${files.name}`, { details: { text } });
  return { ssh, service };
}
