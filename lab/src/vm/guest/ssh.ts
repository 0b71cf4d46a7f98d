// ssh to a guest: loopback only, one client key, the host key pinned byte for byte. The only importer of ssh2.
// Gives connections; ssh-guest.ts makes a Guest of one.

import ssh2, { type Client } from 'ssh2';
import { LabError } from '../../core/error.ts';
import { raceSignal } from '../../core/wait.ts';

export type SshTarget = {
  /** Name of the machine, for messages. */
  name: string;
  port: number;
  privateKey: string;
  /** The host's public key, base64 of the wire form. */
  hostPublic: string;
};

const handshakeMs = 15_000;

/** A connection as root. Rejects with `guest.unreachable` or the signal's reason; then nothing of it is left. */
export async function connectSsh(target: SshTarget, signal: AbortSignal): Promise<Client> {
  const client = new ssh2.Client();
  const pinned = Buffer.from(target.hostPublic, 'base64');
  const connected = new Promise<void>((resolve, reject) => {
    client.once('ready', resolve);
    client.once('error', reject);
    client.once('close', () => reject(new Error('connection closed')));
    client.connect({
      host: '127.0.0.1',
      port: target.port,
      username: 'root',
      privateKey: target.privateKey,
      // Without asking first whether none is enough: a round trip less.
      authHandler: ['publickey'],
      readyTimeout: handshakeMs,
      keepaliveInterval: 2_000,
      keepaliveCountMax: 15,
      // The exact key or nothing; its type follows from the key. The cipher is the cheapest one under TCG.
      hostVerifier: (key: Buffer) => key.equals(pinned),
      algorithms: { serverHostKey: ['ssh-ed25519'], cipher: ['chacha20-poly1305@openssh.com'] },
    });
    // ssh2 writes a packet in pieces; with Nagle's algorithm each round trip waits 40 ms for a delayed ACK (measured: a
    // connection with one command takes 65 ms instead of 440 ms). It takes effect once the socket exists.
    client.setNoDelay(true);
  });
  try {
    await raceSignal(connected, signal);
  } catch (error) {
    connected.catch(() => undefined);
    client.on('error', () => undefined);
    client.destroy();
    if (signal.aborted) throw error;
    throw new LabError(
      'guest.unreachable',
      `ssh to ${target.name} on 127.0.0.1:${target.port}: ${(error as Error).message}`,
      {
        cause: error,
        hint: 'look at its console with `lpl vm console`',
      },
    );
  }
  client.on('error', () => undefined);
  return client;
}
