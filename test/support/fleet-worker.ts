// A worker process of the fleet whose cells cost nothing: node --import tsx fleet-worker.ts, told by its environment. The name
// of a cell's patch says what becomes of it; every beginning and end goes to a log, so that a test can count them.

import { appendFileSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runOperation } from '../../lab/src/core/operation.ts';
import { runWorker } from '../../lab/src/fleet/worker.ts';
import type { CellRunner } from '../../lab/src/trial/matrix/run-matrix.ts';

const given = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};
const log = (what: string, id: string) =>
  appendFileSync(given('FLEET_LOG'), `${JSON.stringify({ what, id, pid: process.pid })}\n`);

const runner: CellRunner = {
  atOnce: 8,
  run: async ({ id, patch, scenario }, directory, ctx) => {
    log('begin', id);
    ctx.emit({ type: 'stage.start', stage: 'x', title: `at ${id}` });
    if (patch === 'poison') process.kill(process.pid, 'SIGKILL');
    try {
      await sleep(scenario.soakMs, undefined, { signal: ctx.signal });
    } catch (error) {
      log('cancelled', id);
      throw error;
    }
    await writeFile(join(directory, 'report.html'), `report of ${id}`);
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
  silenceMs: 1500,
};
await runOperation({ name: 'worker', signal: stop.signal, emit: () => undefined }, (ctx) => runWorker(request, ctx));
