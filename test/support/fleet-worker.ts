// A worker process of the fleet whose cells cost nothing: node --import tsx fleet-worker.ts, told by its environment. The name
// of a cell says what becomes of it (`poison` kills its worker, `slow-at-first` takes an hour unless it is begun again, `held` goes on until the test lets it end); every
// beginning and end goes to a log, so that a test can count them.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabEvent } from '../../lab/src/core/event.ts';
import { runOperation } from '../../lab/src/core/operation.ts';
import { waitUntil } from '../../lab/src/core/wait.ts';
import { runWorker } from '../../lab/src/fleet/worker.ts';
import type { CellRunner } from '../../lab/src/trial/matrix/run-matrix.ts';

const given = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};
const log = (what: string, id: string) =>
  appendFileSync(given('FLEET_LOG'), `${JSON.stringify({ what, id, pid: process.pid })}\n`);

const hourMs = 3600_000;
const release = (signal: AbortSignal) =>
  waitUntil(
    { what: 'the release', timeoutMs: hourMs, intervalMs: 20, signal },
    () => existsSync(given('FLEET_RELEASE')) || undefined,
  );
const wasBegun = (id: string) => readFileSync(given('FLEET_LOG'), 'utf8').includes(`{"what":"begin","id":"${id}"`);

const runner: CellRunner = {
  atOnce: 8,
  run: async ({ id, workload, scenario }, directory, ctx) => {
    const lastsMs = workload.startsWith('slow-at-first') && !wasBegun(id) ? hourMs : scenario.soakMs;
    log('begin', id);
    ctx.emit({ type: 'stage.start', stage: 'x', title: `at ${id}` });
    if (workload.startsWith('poison')) process.kill(process.pid, 'SIGKILL');
    try {
      await (workload.startsWith('held') ? release(ctx.signal) : sleep(lastsMs, undefined, { signal: ctx.signal }));
    } catch (error) {
      log('cancelled', id);
      throw error;
    }
    await writeFile(join(directory, 'report.html'), `report of ${id} by ${process.pid}`);
    log('end', id);
    const reasons = scenario.patches.map(({ source }) => readFileSync(source.path, 'utf8'));
    return { verdict: 'pass', reasons, figures: [], diagnostics: [], release: '6.12.1', report: 'report.html' };
  },
};

const caFile = process.env['FLEET_CA'];
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const request = {
  redis: { url: given('FLEET_URL'), ...(caFile ? { caFile } : {}) },
  jobs: Number(given('FLEET_JOBS')),
  kvm: false,
  room: given('FLEET_ROOM'),
  openRunner: () => runner,
  silenceMs: 3000,
};
// What a worker says of a cell that is no longer its own is not taken, and BullMQ tells it so.
const listen = (event: LabEvent) => {
  if (event.type === 'line' && /(Missing lock|Lock mismatch|Missing key) for job/.test(event.text)) log('rejected', '');
};
await runOperation({ name: 'worker', signal: stop.signal, emit: listen }, (ctx) => runWorker(request, ctx));
