// Records test/fixtures/console: what a stock kernel prints when it is in each kind of trouble.
//   npx tsx test/support/record-console.ts

import { copyConsole } from '../../lab/src/vm/console/console-segments.ts';
import { buildTestModule } from './build-module.ts';
import { openTestLab, startTestMachine } from './test-machine.ts';

const steps = `
insmod /run/lpl_trouble.ko
echo 1 > /proc/sys/kernel/hung_task_timeout_secs
echo 1 > /proc/sys/kernel/watchdog_thresh
echo 3 > /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
for word in warn hang spin oops bug; do
  echo "lpl: \${word}" > /dev/kmsg
  (echo $word > /proc/lpl_trouble) || true
done
`;

async function record(): Promise<void> {
  const lab = await openTestLab();
  const machine = await startTestMachine(lab.paths, 'record');
  const signal = AbortSignal.timeout(120_000);
  const fixture = new URL('../fixtures/console/trouble-6.12.log', import.meta.url);
  try {
    await machine.guest.upload(await buildTestModule('lpl_trouble'), '/run/lpl_trouble.ko', 0o600, { signal });
    await machine.guest.script(steps, { signal, timeoutMs: 90_000 });
    const ended = machine.watch({ signal, onEvent: () => undefined });
    await machine.guest.script('echo c > /proc/sysrq-trigger', { signal }).catch(() => undefined);
    await ended;
    await copyConsole(machine.files.consoleLog, fixture.pathname);
  } finally {
    await machine.stop();
    await lab.close();
  }
}

void record();
