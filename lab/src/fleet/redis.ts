// The connection to the fleet's Redis: URL with password, TLS with an authority of one's own, and errors that say who can act.

import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { LabError } from '../core/error.ts';

export type RedisAddress = {
  /** redis://[[USER]:PASSWORD@]HOST[:PORT][/DB], or rediss:// for TLS. */
  url: string;
  /** PEM file with the authority that signed the server's certificate, when the system does not know it. */
  caFile?: string;
};

const connectMs = 10_000;
/**
 * A connection that owes us an answer for so long is taken for dead and made anew: a cut link says nothing, and TCP would wait for
 * minutes (tcp_retries2, ip-sysctl.rst). Longer than BullMQ's longest blocking command, 10 s.
 */
const silentMs = 15_000;

/**
 * Connects, or throws `fleet.unreachable`. From then on a server that is away is waited for: commands are kept until it is back.
 */
export async function connectRedis({ url, caFile }: RedisAddress): Promise<Redis> {
  const { protocol, host } = parseAddress(url);
  const ca = caFile === undefined ? undefined : await readFile(caFile);
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    connectTimeout: connectMs,
    socketTimeout: silentMs,
    retryStrategy: (times) => Math.min(100 * times, 1000),
    ...(protocol === 'rediss:' ? { tls: ca ? { ca } : {} } : {}),
  });
  let last: Error | undefined;
  redis.on('error', (error: Error) => void (last = error));
  const timer = setTimeout(() => redis.disconnect(), connectMs);
  try {
    await redis.connect();
    await redis.ping();
    return redis;
  } catch (error) {
    redis.disconnect();
    const said = last?.message ?? (error as Error).message;
    throw new LabError('fleet.unreachable', `Redis on ${host}: ${said}`, {
      cause: error,
      hint: 'check address, password and certificate (--redis-ca)',
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Never shows the password. */
function parseAddress(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^rediss?:$/.test(parsed.protocol))
    throw new LabError('usage.invalid', 'the address of the fleet is no Redis URL', {
      hint: 'write redis://:PASSWORD@HOST:6379, or rediss:// for TLS',
    });
  return parsed;
}
