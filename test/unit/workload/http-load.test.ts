import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpBody, startHttpLoad } from '../../../lab/src/workload/http-load.ts';
import { planWorkload } from '../../../lab/src/workload/workload-plan.ts';

type Answer = (number: number, response: ServerResponse, request: IncomingMessage) => void;

const right: Answer = (number, response) => void response.end(httpBody(number));

/** The record of a load on a service that answers so, once it has been asked `enough` times; and its connections. */
async function loadOn(answer: Answer, enough = 12) {
  let asked = 0;
  let connections = 0;
  const server = createServer((request, response) => {
    asked += 1;
    answer(Number(request.url?.slice(1)), response, request);
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const load = startHttpLoad({ port, plan: planWorkload('http', 2), clock: () => performance.now() });
  await load.begun(1000);
  while (asked < enough) await sleep(5);
  await load.stop();
  server.close();
  return { ...load.record, asked, connections };
}

describe('startHttpLoad', () => {
  it('counts every right answer, on connections that last and on new ones', async () => {
    const { said, samples, asked, connections } = await loadOn(right);
    assert.deepEqual(said, []);
    assert.equal(samples.at(-1)?.done, asked);
    assert.equal(samples.at(-1)?.failed, 0);
    assert.ok(connections > 3 && connections < asked, `${connections} connections for ${asked} requests`);
  });

  const wrong: [what: string, answer: Answer, said: RegExp][] = [
    [
      'one byte that is another',
      (number, response) => void response.end(httpBody(number).replace(/.$/, '!')),
      /GET \/4: 2048 bytes that are not the answer/,
    ],
    [
      'an answer to another question',
      (number, response) => void response.end(httpBody(number + 1)),
      /GET \/4: 2048 bytes that are not/,
    ],
    ['an answer cut short', (number, response) => void response.end(httpBody(number).slice(1)), /GET \/4: 2047 bytes/],
    ['a status that is not 200', (_, response) => void response.writeHead(503).end(), /GET \/4: status 503/],
    ['a connection that breaks', (_number, _response, request) => void request.socket.destroy(), /GET \/4: /],
  ];
  for (const [what, answer, words] of wrong)
    it(`notices ${what}`, async () => {
      const { said, samples } = await loadOn((number, ...rest) => (number === 4 ? answer : right)(number, ...rest));
      assert.equal(samples.at(-1)?.failed, 1);
      assert.match(said[0] ?? '', words);
    });
});
