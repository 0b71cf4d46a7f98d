// Exclusive locks that the host kernel releases when their owner dies, however it dies: an abstract unix socket
// (unix(7)) whose name is derived from the resource. Nothing on disk can go stale. Whoever waits can ask the holder
// who it is by connecting. Scope: one network namespace, one uid.

import { createHash } from 'node:crypto';
import { createConnection, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { abstractSocket } from './abstract-socket.ts';
import { LabError } from './error.ts';

export type LockOptions = {
  signal: AbortSignal;
  /** How long to wait for another holder; 0 fails at once with state.locked. */
  waitMs: number;
  /** Told once who holds the lock when there is something to wait for. */
  onWait?: (holder: string) => void;
};

/** Runs `body` while holding the lock on `resource` (usually a path). Rejects with `state.locked` after `waitMs`. */
export async function withLock<T>(resource: string, options: LockOptions, body: () => Promise<T>): Promise<T> {
  const server = await acquire(resource, options);
  try {
    return await body();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Whether somebody holds the lock on `resource` at this moment. */
export function isLocked(resource: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketName(resource));
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    // A holder that has more callers than it can take holds it all the same.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

const socketName = (resource: string) => {
  const key = createHash('sha256').update(`${process.getuid?.()}:${resource}`).digest('hex');
  return abstractSocket(`lpl-lock-${key.slice(0, 40)}`);
};

async function acquire(resource: string, options: LockOptions): Promise<Server> {
  const name = socketName(resource);
  const deadline = performance.now() + options.waitMs;
  for (let told = false; ;) {
    options.signal.throwIfAborted();
    const server = await tryListen(name);
    if (server) return server;
    if (performance.now() >= deadline) {
      const holder = await askHolder(name);
      throw new LabError('state.locked', `${resource} is in use by ${holder}`, {
        hint: 'wait for it to end, or end it',
      });
    }
    if (!told) {
      told = true;
      options.onWait?.(await askHolder(name));
    }
    await sleep(50, undefined, { signal: options.signal });
  }
}

function tryListen(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const who = `pid ${process.pid} (${process.argv.slice(1, 4).join(' ').split('/').at(-1)})`;
    const server = createServer((socket) => socket.on('error', () => undefined).end(who));
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(name, () => {
      server.unref();
      resolve(server);
    });
  });
}

function askHolder(name: string): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = createConnection(name);
    socket.setTimeout(500, () => socket.destroy());
    socket.on('data', (chunk) => void (said += String(chunk)));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(said || 'another lpl'));
  });
}
