// Ports of the host that lead into a guest, beside ssh and the service. On the loopback only.

import { createServer } from 'node:net';
import { LabError } from '../../core/error.ts';

/** TCP port on 127.0.0.1 of the host -> port of the guest. */
export type Forward = { host: number; guest: number };

/** Reads `HOST:GUEST`. Throws `usage.invalid`. */
export function parseForward(text: string): Forward {
  const [, host, guest] = /^(\d{1,5}):(\d{1,5})$/.exec(text) ?? [];
  const isPort = (word: string | undefined) => Number(word) >= 1 && Number(word) <= 65_535;
  if (!isPort(host) || !isPort(guest))
    throw new LabError('usage.invalid', `${JSON.stringify(text)} is not HOST:GUEST, two ports from 1 to 65535`, {
      hint: 'write it as 8080:80',
    });
  return { host: Number(host), guest: Number(guest) };
}

/** Throws `usage.invalid` naming the first port that another process has, that is named twice, or that is not ours to take. */
export async function checkForwards(forwards: readonly Forward[]): Promise<void> {
  const seen = new Set<number>();
  for (const { host } of forwards) {
    const why = seen.has(host) ? 'is asked for twice' : whyNot(await tryPort(host));
    if (why)
      throw new LabError('usage.invalid', `port ${host} of 127.0.0.1 ${why}`, {
        hint: `choose another: --forward PORT:GUEST; \`ss -ltnp sport = :${host}\` shows who has it`,
      });
    seen.add(host);
  }
}

const whyNot = (code: string | undefined) =>
  code === undefined ? undefined : code === 'EADDRINUSE' ? 'is taken' : `cannot be opened (${code})`;

function tryPort(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
}
