// Which parts of the cache this process reads, told to whoever wants to delete something: an abstract unix socket (unix(7)) of
// this process that answers with the list. It dies with the process, so nothing can go stale. Same scope as lock.ts.

import { randomBytes } from 'node:crypto';
import { readFile, utimes } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { abstractSocket } from './abstract-socket.ts';
import { memo } from './memo.ts';
import { isLocked, withLock } from './lock.ts';

/** A process that computes for so long, or is stopped, counts as one that may use anything. */
const answerMs = 5000;
const prefix = () => `lpl-use-${process.getuid?.()}-`;

// One list a process, whichever of its parts reads: it is about the process that the others ask. A process may have loaded the
// lab twice (two bundles): each has a list of its own.
const used = new Set<string>();
const ownName = `${prefix()}${process.pid}-${randomBytes(4).toString('hex')}`;
const listen = memo(
  () =>
    new Promise<void>((resolve, reject) => {
      const server = createServer((socket) => socket.on('error', () => undefined).end([...used].join('\n')));
      server.once('error', reject);
      server.listen(abstractSocket(ownName), () => {
        server.unref();
        resolve();
      });
    }),
);

/**
 * Declares that this process reads `path` until it ends. Look at the lock of the path afterwards: whoever deletes takes it
 * before asking, so that one of the two notices the other.
 */
export async function declareUse(path: string): Promise<void> {
  used.add(path);
  await listen();
}

/** Declares it for a directory that is no artefact, and waits for whoever is deleting it just now. */
export async function holdDirectory(path: string, signal: AbortSignal): Promise<void> {
  await declareUse(path);
  await markUsed(path);
  if (await isLocked(path)) await withLock(path, { signal, waitMs: 60_000 }, () => Promise.resolve());
}

/**
 * Notes the time at an artefact of the cache, by which what was not used for long is found. What is none - a developer's own
 * tree - has no such file, and nothing is written; nor in a cache that cannot be written to.
 */
export async function markUsed(path: string): Promise<void> {
  const now = new Date();
  await utimes(join(path, 'stage.json'), now, now).catch(() => undefined);
}

/** What a process declared. `paths` is undefined when it does not answer: then it may use anything. */
export type UsingProcess = { pid: number; paths: string[] | undefined };

/** All processes of this user that declared something, this one among them. */
export async function usingProcesses(): Promise<UsingProcess[]> {
  const sockets = await readFile('/proc/net/unix', 'utf8');
  // Zero bytes are shown as @.
  const found = [...sockets.matchAll(new RegExp(`@(${prefix()}(\\d+)-\\w+)@*$`, 'gm'))];
  const names = new Map(found.map(([, name = '', pid]) => [name, Number(pid)]));
  const asked = [...names].map(async ([name, pid]) => ({ pid, paths: await ask(name) }));
  // One that ended meanwhile uses nothing.
  return (await Promise.all(asked)).flatMap(({ pid, paths }) => (paths === 'gone' ? [] : [{ pid, paths }]));
}

// Who prunes asks for every artefact.
const mute = new Set<string>();

function ask(name: string): Promise<string[] | 'gone' | undefined> {
  if (name === ownName) return Promise.resolve([...used]);
  if (mute.has(name)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let said = '';
    const socket = createConnection(abstractSocket(name));
    socket.setTimeout(answerMs, () => {
      mute.add(name);
      resolve(undefined);
      socket.destroy();
    });
    socket.on('data', (chunk) => void (said += String(chunk)));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'gone' : undefined));
    socket.once('end', () => resolve(said.split('\n').filter(Boolean)));
  });
}
