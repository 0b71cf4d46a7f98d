// The load on the guest's TCP service, from the host: numbered requests on long-lived connections, every one accounted
// for. A connection that breaks is evidence; a client then connects again as real clients do, so that an outage has an end.

import { createConnection, type Socket } from 'node:net';
import { waitUntil } from '../core/wait.ts';
import { afterGuestTime, type HeldMs, neverHeld } from './guest-time.ts';

/** One request. Times in milliseconds on the clock given to `startServiceLoad`; `latencyMs` null: never answered. */
export type RequestSample = { atMs: number; connection: number; latencyMs: number | null };

/** Something that happened to a connection. */
export type ConnectionEvent = {
  atMs: number;
  connection: number;
  event: 'open' | 'reset' | 'closed' | 'given-up' | 'refused' | 'wrong-answer';
};

export type ServiceLoadOptions = {
  port: number;
  connections: number;
  /** Every connection that waits for no answer asks this often, all at the same moment. */
  beatMs: number;
  /** A request not answered after so much of the guest's time is lost. */
  timeoutMs: number;
  /** What the host kept from the guest; default nothing. */
  heldMs?: HeldMs;
  /** Milliseconds since the run began. */
  clock: () => number;
};

export type ServiceLoad = {
  readonly requests: readonly RequestSample[];
  readonly events: readonly ConnectionEvent[];
  /** Resolves once a request sent at or after `sinceMs` has been answered; rejects with op.timeout. */
  untilAnswered(sinceMs: number, timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** Lets outstanding requests be answered or time out, then closes. */
  stop(): Promise<void>;
};

/** Starts the clients; they run until `stop`. Nothing here throws: what goes wrong is recorded. */
export function startServiceLoad(options: ServiceLoadOptions): ServiceLoad {
  const requests: RequestSample[] = [];
  const events: ConnectionEvent[] = [];
  const stopping = new AbortController();
  const beat = openBeat(options.beatMs);
  const clients = Array.from({ length: options.connections }, (_, connection) =>
    runClient({ ...options, connection, requests, events, beat, signal: stopping.signal }),
  );
  return {
    requests,
    events,
    untilAnswered: async (sinceMs, timeoutMs, signal) => {
      await waitUntil(
        { what: `an answer of the service on port ${options.port}`, timeoutMs, intervalMs: 20, signal },
        () => (requests.findLast(({ atMs, latencyMs }) => latencyMs !== null && atMs >= sinceMs) ? true : undefined),
      );
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(clients);
      beat.stop();
    },
  };
}

type Client = ServiceLoadOptions & {
  connection: number;
  requests: RequestSample[];
  events: ConnectionEvent[];
  beat: Beat;
  signal: AbortSignal;
};

const reconnectAfterMs = 50;
const outageTimeoutMs = 300;

/** QEMU's user network listens with a backlog of one (slirp socket.c): clients that come at once would wait a second. */
const staggerMs = 20;

async function runClient(client: Client): Promise<void> {
  let number = 0;
  let { timeoutMs } = client;
  await pause(client.connection * staggerMs);
  while (!client.signal.aborted) {
    const line = await connect(client);
    if (!line) await pause(reconnectAfterMs);
    while (line && !client.signal.aborted) {
      const atMs = client.clock();
      const answer = await line.ask(++number, timeoutMs);
      const latencyMs = answer === 'ok' ? client.clock() - atMs : null;
      client.requests.push({ atMs, connection: client.connection, latencyMs });
      // In an outage the client asks again soon, so that its end is seen when it comes and not a time-out later.
      timeoutMs = answer === 'ok' ? client.timeoutMs : outageTimeoutMs;
      if (answer !== 'ok') {
        if (answer === 'timeout')
          client.events.push({ atMs: client.clock(), connection: client.connection, event: 'given-up' });
        break;
      }
      await client.beat.next();
    }
    line?.close();
  }
}

type Line = { ask(number: number, timeoutMs: number): Promise<'ok' | 'timeout' | 'broken'>; close(): void };

function connect(client: Client): Promise<Line | undefined> {
  const { connection, events, clock } = client;
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port: client.port, noDelay: true });
    socket.setTimeout(client.timeoutMs, () => socket.destroy());
    let opened = false;
    socket.once('connect', () => {
      opened = true;
      socket.setTimeout(0);
      events.push({ atMs: clock(), connection, event: 'open' });
      resolve(numberedLine(socket, client));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      events.push({ atMs: clock(), connection, event: opened && error.code === 'ECONNRESET' ? 'reset' : 'refused' });
    });
    socket.once('close', (hadError) => {
      if (opened && !hadError && !client.signal.aborted) events.push({ atMs: clock(), connection, event: 'closed' });
      resolve(undefined);
    });
  });
}

/** Asks one question at a time. Late answers to questions given up are recognised by their number and dropped. */
function numberedLine(socket: Socket, client: Client): Line {
  let waiting: { number: number; settle: (answer: 'ok' | 'timeout' | 'broken') => void } | undefined;
  let received = '';
  let broken = false;
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
    const lines = received.split('\n');
    received = lines.pop() ?? '';
    for (const line of lines) {
      const number = Number(line.split(' ')[0]);
      if (waiting && number === waiting.number) waiting.settle('ok');
      else if (!(number < (waiting?.number ?? Infinity)))
        client.events.push({ atMs: client.clock(), connection: client.connection, event: 'wrong-answer' });
    }
  });
  socket.once('close', () => {
    broken = true;
    waiting?.settle('broken');
  });
  return {
    ask: (number, timeoutMs) =>
      new Promise((resolve) => {
        if (broken) return resolve('broken');
        const settle = (answer: 'ok' | 'timeout' | 'broken') => {
          callOff();
          waiting = undefined;
          resolve(answer);
        };
        const callOff = afterGuestTime(timeoutMs, client.heldMs ?? neverHeld, () => settle('timeout'));
        waiting = { number, settle };
        socket.write(`${number}\n`);
      }),
    close: () => socket.destroy(),
  };
}

type Beat = { next(): Promise<void>; stop(): void };

/**
 * All who wait for the next beat go on in one turn of the event loop: what they send reaches the guest together and wakes its
 * service once. Without KVM a wake-up costs the guest two milliseconds, and what it then does for three more next to nothing.
 */
function openBeat(everyMs: number): Beat {
  let waiting: (() => void)[] = [];
  const timer = setInterval(() => {
    const due = waiting;
    waiting = [];
    for (const go of due) go();
  }, everyMs);
  return {
    next: () => new Promise((resolve) => void waiting.push(resolve)),
    stop: () => clearInterval(timer),
  };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
