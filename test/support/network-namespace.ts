// A network namespace whose only way out leads to one port of this host, and can be cut: what goes in or out then vanishes without a
// word to either side, as when a cable is pulled.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type NetworkNamespace = {
  /** Goes before the argv of what is to run in it. */
  enter: string[];
  cut(): void;
  mend(): void;
  close(): Promise<void>;
};

/** Leads to `port` of the loopback, under the same address. `busybox`: a program that has ip(8). */
export async function openNamespace(port: number, busybox: string): Promise<NetworkNamespace> {
  const directory = await mkdtemp(join(tmpdir(), 'lpl-netns-'));
  const door = join(directory, 'door');
  const open = new Set<Socket>();
  const relay = createServer((inside) => {
    const outside = connect(port, '127.0.0.1');
    for (const socket of [inside, outside]) {
      open.add(socket.on('error', () => undefined).once('close', () => open.delete(socket)));
    }
    inside.pipe(outside).pipe(inside);
  }).listen(door);
  await once(relay, 'listening');
  const asRoot = process.getuid?.() === 0;
  const inner = [
    process.execPath,
    '--import',
    'tsx',
    join(import.meta.dirname, 'relay-to-door.ts'),
    String(port),
    door,
  ];
  const script = '"$0" ip link set lo up && exec "$@"';
  const unshare = ['--net', ...(asRoot ? [] : ['--map-root-user']), 'sh', '-c', script, busybox, ...inner];
  const holder = spawn('unshare', unshare, { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([
    once(holder.stdout, 'data'),
    once(holder, 'exit').then(() => Promise.reject(new Error('there is no network namespace to be had'))),
  ]);
  const enter = ['nsenter', `--target=${holder.pid}`, '--net', ...(asRoot ? [] : ['--user', '--preserve-credentials'])];
  const link = (state: 'up' | 'down') => {
    const [nsenter = '', ...args] = enter;
    const { status, stderr } = spawnSync(nsenter, [...args, busybox, 'ip', 'link', 'set', 'lo', state]);
    if (status !== 0) throw new Error(String(stderr));
  };
  return {
    enter,
    cut: () => link('down'),
    mend: () => link('up'),
    close: async () => {
      const ended = once(holder, 'exit');
      holder.kill('SIGKILL');
      await ended;
      for (const socket of open) socket.destroy();
      await new Promise((done) => relay.close(done));
      await rm(directory, { recursive: true });
    },
  };
}
