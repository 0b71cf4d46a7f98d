// A recording that cannot begin must leave nothing running: its load and its timers would keep the command alive.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { startRecording } from '../../../lab/src/trial/recording.ts';
import type { RunningMachine } from '../../../lab/src/vm/machine.ts';
import { waitUntil } from '../../../lab/src/core/wait.ts';

const { signal } = new AbortController();

describe('startRecording', () => {
  it('ends its load and its watch when the guest cannot be asked', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
      socket.on('data', (text) => void socket.write(String(text).replaceAll('\n', ' 1\n')));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    let isWatched = false;
    const machine = {
      run: { ports: { service: port }, process: { pid: process.pid } },
      watch: async ({ signal: over, onReady }: { signal: AbortSignal; onReady: () => void }) => {
        isWatched = true;
        onReady();
        await once(over, 'abort');
        isWatched = false;
      },
      guest: {
        stream: async () => {
          await waitUntil(
            { what: 'the load', timeoutMs: 5000, intervalMs: 5, signal },
            () => sockets.size > 0 || undefined,
          );
          throw new Error('the guest is gone');
        },
      },
    } as unknown as RunningMachine;

    await assert.rejects(startRecording(machine, { signal, stage: '', emit: () => undefined }), /the guest is gone/);
    await waitUntil(
      { what: 'the end of the load', timeoutMs: 5000, intervalMs: 5, signal },
      () => sockets.size === 0 || undefined,
    );
    assert.equal(isWatched, false);
    server.close();
  });
});
