// Content that travels through Redis, by its hash: what arrives is what was sent, or is not taken.

import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { LabError } from '../core/error.ts';

/** A week: longer than any matrix runs. */
const keptSeconds = 7 * 24 * 3600;
const keyOf = (sha256: string) => `lpl:blob:${sha256}`;

/** Stores it and returns its hash; sending what is there already costs its name only. */
export async function putBlob(redis: Redis, content: Buffer): Promise<string> {
  const sha256 = createHash('sha256').update(content).digest('hex');
  const isThere = await redis.expire(keyOf(sha256), keptSeconds);
  if (isThere !== 1) await redis.set(keyOf(sha256), content, 'EX', keptSeconds);
  return sha256;
}

/** Throws `fleet.lost` when it is not there, or is something else. */
export async function getBlob(redis: Redis, sha256: string, what: string): Promise<Buffer> {
  const content = await redis.getBuffer(keyOf(sha256));
  if (content && createHash('sha256').update(content).digest('hex') === sha256) return content;
  throw new LabError('fleet.lost', `${what} ${content ? 'is not what was sent' : 'is gone from Redis'}`, {
    hint: 'run the matrix again with --resume',
  });
}
