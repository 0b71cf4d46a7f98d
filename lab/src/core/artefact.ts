// Content-addressed artefacts in the cache: made once, published whole, shared by everyone who asks for the same inputs.

import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { declareUse, markUsed } from './in-use.ts';
import { isLocked, withLock } from './lock.ts';
import type { StageContext } from './operation.ts';
import { publishDirectory, writeJson } from './store.ts';

export type ArtefactRequest = {
  /** Directory that holds artefacts of this kind. */
  room: string;
  /** Readable part of the name, for people who look into the cache. */
  label: string;
  /** Everything the content depends on; any change makes another artefact. */
  inputs: unknown;
};

/** Short hash of any JSON value; key order matters, so build inputs with literal objects. */
export function contentKey(inputs: unknown): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
}

/** Where the artefact is or will be. */
export function artefactPath({ room, label, inputs }: ArtefactRequest): string {
  return join(room, `${label.replace(/[^A-Za-z0-9._+-]+/g, '_')}-${contentKey(inputs)}`);
}

/**
 * Returns the directory of the artefact, making it if needed. Two callers (or processes) that ask at once make it once.
 * `stage.json`, written last inside, records the inputs; its time is when the artefact was last asked for. Until this process
 * ends nobody prunes it.
 */
export async function ensureArtefact(
  ctx: StageContext,
  request: ArtefactRequest,
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const path = artefactPath(request);
  await declareUse(path);
  if ((await isComplete(path)) && !(await isLocked(path))) {
    ctx.cached();
    await markUsed(path);
    return path;
  }
  const onWait = (holder: string) => ctx.waiting(`${request.label}, being made by ${holder}`);
  return withLock(path, { signal: ctx.signal, waitMs: 30 * 60_000, onWait }, async () => {
    if (await isComplete(path)) {
      ctx.cached();
      return path;
    }
    await removeTornAttempts(path);
    await publishDirectory(path, async (temporary) => {
      await make(temporary);
      await writeJson(join(temporary, 'stage.json'), { label: request.label, inputs: request.inputs });
    });
    return path;
  });
}

/** What killed makers left; whoever holds the lock of the artefact is its only maker. */
async function removeTornAttempts(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => []);
  const torn = names.filter((name) => name === basename(path) || name.startsWith(`${basename(path)}.tmp-`));
  await Promise.all(torn.map((name) => rm(join(dirname(path), name), { recursive: true, force: true })));
}

async function isComplete(path: string): Promise<boolean> {
  return readFile(join(path, 'stage.json')).then(
    () => true,
    () => false,
  );
}
