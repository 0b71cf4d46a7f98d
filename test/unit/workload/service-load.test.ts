// The load generator against real TCP servers on the loopback that behave, stall, lie and hang up.

import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { waitUntil } from '../../../lab/src/core/wait.ts';
import { startServiceLoad } from '../../../lab/src/workload/service-load.ts';
import { parseWitnessLine } from '../../../lab/src/workload/witness.ts';

const { signal } = new AbortController();
const clock = () => performance.now();

/** A server that treats every line with `answer`. */
async function serve(answer: (number: number, socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      text += String(chunk);
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) answer(Number(line), socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as { port: number }).port };
}

const start = (port: number, timeoutMs = 200) =>
  startServiceLoad({ port, connections: 2, beatMs: 1, timeoutMs, clock });
const until = (what: string, probe: () => boolean) =>
  waitUntil({ what, timeoutMs: 3000, intervalMs: 5, signal }, () => probe() || undefined);

describe('startServiceLoad', () => {
  it('accounts for every request of a service that behaves', async () => {
    const { server, port } = await serve((number, socket) => socket.write(`${number} 1\n`));
    const load = start(port);
    await until('requests', () => load.requests.length > 50);
    await load.untilAnswered(clock(), 1000, signal);
    await load.stop();
    server.close();
    assert.ok(load.requests.every(({ latencyMs }) => latencyMs !== null));
    assert.deepEqual([...new Set(load.events.map(({ event }) => event))], ['open']);
  });

  it('asks on all connections in the same moment', async () => {
    const { server, port } = await serve((number, socket) => socket.write(`${number} 1\n`));
    let turn = 0;
    const turns = setInterval(() => turn++, 1);
    const load = startServiceLoad({ port, connections: 4, beatMs: 50, timeoutMs: 3000, clock: () => turn });
    // Each asks at once when it is connected.
    await until('beats', () => load.requests.length >= 40);
    await load.stop();
    clearInterval(turns);
    server.close();
    const moments = new Set(load.requests.slice(-24).map(({ atMs }) => atMs));
    assert.ok(moments.size <= 12, `24 requests in ${moments.size} moments`);
  });

  it('counts one unanswered request as lost, and goes on', async () => {
    let dropped = false;
    const { server, port } = await serve((number, socket) => {
      if (number === 20 && !dropped) dropped = true;
      else socket.write(`${number} 1\n`);
    });
    const load = start(port, 60);
    await until('requests after the loss', () => load.requests.length > 80);
    await load.stop();
    server.close();
    assert.equal(load.requests.filter(({ latencyMs }) => latencyMs === null).length, 1);
    assert.equal(load.events.filter(({ event }) => event === 'given-up').length, 1);
  });

  it('sees a connection that the service hangs up on', async () => {
    const { server, port } = await serve((number, socket) =>
      number === 10 ? socket.destroy() : socket.write(`${number} 1\n`),
    );
    const load = start(port);
    await until('a break', () => load.events.some(({ event }) => event === 'closed' || event === 'reset'));
    await load.stop();
    server.close();
    assert.ok(load.requests.some(({ latencyMs }) => latencyMs === null));
  });

  it('is not fooled by an answer to another question', async () => {
    const { server, port } = await serve((number, socket) =>
      socket.write(number === 10 ? `${number + 5} 1\n` : `${number} 1\n`),
    );
    const load = start(port, 60);
    await until('a wrong answer', () => load.events.some(({ event }) => event === 'wrong-answer'));
    await load.stop();
    server.close();
    assert.ok(load.requests.some(({ latencyMs }) => latencyMs === null));
  });

  it('comes back after an outage', async () => {
    const { server, port } = await serve((number, socket) => socket.write(`${number} 1\n`));
    server.close();
    const load = start(port);
    await until('a refusal', () => load.events.some(({ event }) => event === 'refused'));
    const again = await serve(() => undefined);
    again.server.close();
    const back = createServer((socket) =>
      socket.on('data', (chunk) => socket.write(`${String(chunk).trim()} 1\n`)).on('error', () => undefined),
    );
    back.listen(port, '127.0.0.1');
    await load.untilAnswered(clock(), 3000, signal);
    await load.stop();
    back.close();
  });
});

describe('parseWitnessLine', () => {
  it('reads a heartbeat and an identity', () => {
    assert.deepEqual(parseWitnessLine('{"upUs":1,"wallUs":2,"gapUs":3}', 9), { atMs: 9, upUs: 1, wallUs: 2, gapUs: 3 });
    const line = '{"upUs":1,"wallUs":2,"gapUs":3,"bootId":"x","btime":4,"taint":0,"cpuUs":5,"pids":{"1":6}}';
    assert.deepEqual(parseWitnessLine(line, 9).identity, {
      bootId: 'x',
      btime: 4,
      taint: 0,
      cpuUs: 5,
      pids: { '1': 6 },
    });
  });

  it('refuses a torn line', () => {
    assert.throws(() => parseWitnessLine('{"upUs":1,"wal', 9), SyntaxError);
  });
});
