// A server that speaks as much QMP as a test needs; the product talks to real QEMU in test/vm.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectQmp } from '../../../../lab/src/vm/qemu/qmp.ts';

const greeting = { QMP: { version: {}, capabilities: [] } };

describe('QMP connection', () => {
  let directory: string;
  let path: string;
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  const { signal } = new AbortController();

  /** Greets and answers each command with what `reply` makes of it; undefined: no answer. */
  const serve = async (reply: (command: string, socket: Socket) => unknown) => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.write(`${JSON.stringify(greeting)}\r\n`);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        const { execute } = JSON.parse(String(chunk)) as { execute: string };
        const answer = execute === 'qmp_capabilities' ? { return: {} } : reply(execute, socket);
        if (answer) socket.write(`${JSON.stringify(answer)}\r\n`);
      });
    });
    await new Promise<void>((resolve) => server?.listen(path, resolve));
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lpl-qmp-'));
    path = join(directory, 'qmp.sock');
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
    server = undefined;
    rmSync(directory, { recursive: true });
  });

  it('answers a command and hands out events', async () => {
    const events: string[] = [];
    await serve((command, socket) => {
      socket.write('{"timestamp":{"seconds":1,"microseconds":500000},"event":"STOP"}\r\n');
      return { return: { status: command } };
    });
    const qmp = await connectQmp(path, { signal, onEvent: ({ event, at }) => void events.push(`${event} ${at}`) });
    assert.deepEqual(await qmp.execute('query-status'), { status: 'query-status' });
    assert.deepEqual(events, ['STOP 1500']);
    await qmp.close();
  });

  it('says that QEMU is gone: before, during and after a command', async () => {
    await assert.rejects(connectQmp(path, { signal }), { code: 'vm.dead' });
    await serve((_, socket) => void socket.destroy());
    const qmp = await connectQmp(path, { signal });
    await assert.rejects(qmp.execute('quit'), { code: 'vm.dead' });
    await qmp.closed;
    await assert.rejects(qmp.execute('query-status'), { code: 'vm.dead' });
  });

  it('does not wait for a refused command, and says what was refused', async () => {
    await serve(() => ({ error: { class: 'GenericError', desc: 'no such thing' } }));
    const qmp = await connectQmp(path, { signal });
    await assert.rejects(qmp.execute('migrate'), { code: 'command.failed', message: /QMP migrate: .*no such thing/ });
    await qmp.close();
  });

  it('ends a wait with the signal, and leaves no listener on it', async () => {
    await serve(() => undefined);
    const abort = new AbortController();
    const qmp = await connectQmp(path, { signal: abort.signal });
    const waiting = qmp.execute('query-status');
    abort.abort(new Error('cancelled'));
    await assert.rejects(waiting, /cancelled/);
    await qmp.close();
  });

  it('does not wait for ever for a mute QEMU', async () => {
    server = createServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => server?.listen(path, resolve));
    await assert.rejects(connectQmp(path, { signal, answerMs: 100 }), { code: 'qemu.mute' });
  });
});
