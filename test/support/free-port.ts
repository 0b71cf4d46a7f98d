// A port of the loopback that nobody has, nor gets by chance: the kernel gives those from 32768 on to whoever asks for any, and
// to whoever connects (Documentation/networking/ip-sysctl.rst, ip_local_port_range).

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_768);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}
