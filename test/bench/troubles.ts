// How soon a machine's trouble is told: from what goes wrong to the event.

import type { RunningMachine } from '../../lab/src/vm/machine.ts';
import { buildTestModule } from '../support/build-module.ts';
import { startTestMachine, type TestLab } from '../support/test-machine.ts';
import { watchEvents } from '../support/watch-events.ts';
import { measure, type Row, rowOf } from './measure.ts';

const { signal } = new AbortController();

export async function benchTroubles({ paths }: TestLab, count: number): Promise<Row[]> {
  const machine = await startTestMachine(paths, 'oopses');
  await machine.guest.upload(await buildTestModule('lpl_trouble'), '/run/lpl_trouble.ko', 0o600, { signal });
  await machine.guest.exec(['insmod', '/run/lpl_trouble.ko'], { signal });
  const oops = await measure(
    'a guest oopses, to the event',
    count,
    async () => {
      const watcher = await watchEvents(machine);
      await machine.guest.exec(['sh', '-c', 'echo oops > /proc/lpl_trouble'], { signal });
      await watcher.until('the oops', (event) => event.type === 'problem' && event.problem.kind === 'oops');
      await watcher.close();
    },
    '<= 1000',
  );
  await machine.stop();
  return [
    oops,
    await timeEnds(paths, 'a guest panics, to the event', count, async ({ guest }, watcher) => {
      void guest.exec(['sh', '-c', 'echo c > /proc/sysrq-trigger'], { signal }).catch(() => undefined);
      await watcher.until('the panic', (event) => event.type === 'problem' && event.problem.kind === 'panic');
    }),
    await timeEnds(paths, 'QEMU is killed, to the event', count, async ({ run }, watcher) => {
      process.kill(run.process.pid, 'SIGKILL');
      await watcher.ended;
    }),
  ];
}

type Watcher = Awaited<ReturnType<typeof watchEvents>>;

/** Each time with a machine of its own. */
async function timeEnds(
  paths: TestLab['paths'],
  name: string,
  count: number,
  act: (machine: RunningMachine, watcher: Watcher) => Promise<void>,
): Promise<Row> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const machine = await startTestMachine(paths, `ends${index}`);
    const watcher = await watchEvents(machine);
    const started = performance.now();
    await act(machine, watcher);
    times.push(performance.now() - started);
    await watcher.close();
    await machine.stop();
  }
  return rowOf(name, 'ms', times, '<= 1000');
}
