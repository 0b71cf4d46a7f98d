// Cold boot to ssh-ready of the tiny guest, stock 6.12, one machine at a time.
//   npx tsx test/bench/cold-boot.ts [COUNT]

import { openTestLab, startTestMachine } from '../support/test-machine.ts';

async function measure(count: number): Promise<void> {
  const lab = await openTestLab();
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    const machine = await startTestMachine(lab.paths, 'bench');
    times.push((performance.now() - started) / 1000);
    await machine.stop();
  }
  await lab.close();
  const sorted = [...times].sort((a, b) => a - b);
  console.log(`cold boot to ssh-ready: median ${sorted[Math.floor(count / 2)]?.toFixed(2)} s of ${count}`);
  console.log(times.map((time) => time.toFixed(2)).join(' '));
}

void measure(Number(process.argv[2] ?? 10));
