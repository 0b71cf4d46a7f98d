// A real redis-server with a password, from a private Debian root like the lab's other tools; AOF on, on a port of its own.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runStage } from '../../lab/src/core/operation.ts';
import { labPaths } from '../../lab/src/core/paths.ts';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import { waitUntil } from '../../lab/src/core/wait.ts';
import { connectRedis, type RedisAddress } from '../../lab/src/fleet/redis.ts';
import { ensureRoot } from '../../lab/src/toolroot/extracted-root.ts';
import { openPackageView } from '../../lab/src/toolroot/package-view.ts';
import { labRootArgv } from '../../lab/src/vm/qemu/lab-root.ts';
import { freePort } from './free-port.ts';
import { operate } from './operation.ts';

const recipe = { label: 'redis-root', suite: 'trixie', packages: ['redis-server', 'openssl', 'busybox-static'] };
const password = 'se:cret/1';

export type RedisServer = {
  address: RedisAddress;
  port: number;
  /** A static busybox. */
  busybox: string;
  /** SIGKILL, and a new server over the same append-only file. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

export async function startRedis(transport: 'plain' | 'tls' = 'plain'): Promise<RedisServer> {
  const rooms = cacheRooms(labPaths());
  const root = await operate((ctx) =>
    runStage(ctx, { id: 'redis', title: 'redis-server' }, (stage) =>
      ensureRoot(stage, rooms.roots, recipe, (inner) => openPackageView(inner, rooms.packages, recipe.suite)),
    ),
  );
  const directory = await mkdtemp(join(tmpdir(), 'lpl-redis-'));
  const port = await freePort();
  if (transport === 'tls') makeCertificate(root, directory);
  const words = [
    ...['--bind', '127.0.0.1', '--dir', directory, '--requirepass', password],
    // Written before each answer: SIGKILL takes nothing of that, and a slow disk keeps nobody waiting.
    ...['--appendonly', 'yes', '--appendfsync', 'no', '--save', ''],
    ...(transport === 'plain'
      ? ['--port', String(port)]
      : [
          ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
          ...['--tls-cert-file', join(directory, 'cert.pem'), '--tls-key-file', join(directory, 'key.pem')],
          ...['--tls-ca-cert-file', join(directory, 'cert.pem')],
        ]),
  ];
  const scheme = transport === 'plain' ? 'redis' : 'rediss';
  const address = {
    url: `${scheme}://:${encodeURIComponent(password)}@localhost:${port}`,
    ...(transport === 'tls' ? { caFile: join(directory, 'cert.pem') } : {}),
  };
  const start = async () => {
    const [file, ...args] = labRootArgv(root, 'usr/bin/redis-server', ...words);
    const child = spawn(file, args, { stdio: 'ignore' });
    await waitUntil({ what: 'redis-server', timeoutMs: 120_000, signal: AbortSignal.timeout(130_000) }, async () => {
      const redis = await connectRedis(address).catch(() => undefined);
      redis?.disconnect();
      return redis && true;
    });
    return child;
  };
  let server: ChildProcess = await start();
  const kill = async () => {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  return {
    address,
    port,
    busybox: join(root, 'usr/bin/busybox'),
    restart: async () => {
      await kill();
      server = await start();
    },
    close: async () => {
      await kill();
      await rm(directory, { recursive: true });
    },
  };
}

function makeCertificate(root: string, directory: string): void {
  const words = [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost', '-config', join(root, 'etc/ssl/openssl.cnf')],
    ...['-keyout', join(directory, 'key.pem'), '-out', join(directory, 'cert.pem')],
  ];
  const [file, ...args] = labRootArgv(root, 'usr/bin/openssl', ...words);
  const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
