// HTTP load on the guest's service, from the host: clients that keep their connection, and one that opens a new one for each
// request. Every answer is compared to the last byte.

import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDeadline } from '../core/wait.ts';
import { afterGuestTime, type HeldMs, neverHeld } from './guest-time.ts';
import type { Workload, WorkloadRecord } from './run-workload.ts';
import type { WorkloadPlan } from './workload-plan.ts';

/** Pause of a client between an answer and its next request. */
const paceMs = 25;
/** An answer that takes more of the guest's time is wrong. */
const answerMs = 3000;
const sampleMs = 100;
/** Wrong answers that are kept in words; a thousand tell no more. */
const keptWrong = 20;

/** Starts the clients; they run until `stop`. Never rejects: what goes wrong is recorded. */
export function startHttpLoad({
  port,
  plan,
  clock,
  heldMs = neverHeld,
}: {
  port: number;
  plan: WorkloadPlan;
  clock: () => number;
  /** What the host kept from the guest; default nothing. */
  heldMs?: HeldMs;
}): Workload {
  const record: WorkloadRecord = { plan, samples: [], runs: [], said: [] };
  const stopping = new AbortController();
  const sums = { done: 0, failed: 0, next: 0 };
  let tellBegun = () => {};
  const hasBegun = new Promise<void>((resolve) => (tellBegun = resolve));
  const runClient = async (agent: Agent) => {
    while (!stopping.signal.aborted) {
      const wrong = await askOnce({ port, agent, heldMs }, (sums.next += 1));
      if (wrong === undefined) sums.done += 1;
      else {
        sums.failed += 1;
        if (record.said.length < keptWrong) record.said.push(wrong);
      }
      tellBegun();
      await sleep(paceMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    agent.destroy();
  };
  const lasting = Array.from({ length: Number(plan.argv[1]) }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const agents = [...lasting, new Agent({ keepAlive: false })];
  const clients = agents.map((agent) => runClient(agent));
  const sample = () =>
    void record.samples.push({
      ...{ atMs: clock(), done: sums.done, failed: sums.failed },
      ...{ tasks: agents.length, cpuMs: 0 },
    });
  const sampling = setInterval(sample, sampleMs);
  return {
    record,
    begun: (timeoutMs) => withDeadline(hasBegun, 'an HTTP answer', timeoutMs).catch(() => undefined),
    stop: async () => {
      stopping.abort();
      await Promise.all(clients);
      clearInterval(sampling);
      sample();
    },
  };
}

/** What was wrong with the answer; undefined when nothing was. */
function askOnce(
  { port, agent, heldMs }: { port: number; agent: Agent; heldMs: HeldMs },
  number: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const tell = (what: string | undefined) => {
      callOff();
      resolve(what && `GET /${number}: ${what}`);
    };
    const request = get({ host: '127.0.0.1', port, path: `/${number}`, agent }, (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => (body += chunk));
      response.once('error', ({ message }) => tell(message));
      response.once('end', () => {
        if (response.statusCode !== 200) tell(`status ${response.statusCode}`);
        else tell(body === httpBody(number) ? undefined : `${body.length} bytes that are not the answer`);
      });
    });
    const late = () => void request.destroy(new Error(`no answer in ${answerMs / 1000} s`));
    const callOff = afterGuestTime(answerMs, heldMs, late);
    request.once('error', ({ message }) => tell(message));
  });
}

/** What the guest must answer (images/guest/agent.c). */
export function httpBody(number: number): string {
  return `${number}\n`.padEnd(2048, String.fromCharCode(97 + (number % 26)));
}
