import assert from 'node:assert/strict';
import { RecordReader, type WorkloadRecord } from '../../../lab/src/workload/run-workload.ts';
import { planWorkload } from '../../../lab/src/workload/workload-plan.ts';

describe('planWorkload', () => {
  it('decides how many workers do it', () => {
    assert.deepEqual(planWorkload('syscalls', 4).argv, ['syscalls', '4']);
    assert.deepEqual(planWorkload({ kind: 'sleepers', workers: 7 }, 4).argv, ['sleepers', '7']);
  });

  it('knows how a tool is run, with other arguments if need be', () => {
    const { mode, argv } = planWorkload({ kind: 'stress-ng', args: '--cpu 2' }, 2);
    assert.equal(mode, 'keep');
    assert.match(argv[2] ?? '', /^exec stress-ng --cpu 2 --timeout 0/);
  });

  it('takes any command, and what a good run of it is', () => {
    const plan = planWorkload({ name: 'mine', command: 'make check', mode: 'repeat', exit: 3, output: 'ok' }, 2);
    assert.deepEqual([plan.argv, plan.pass], [['repeat', 'mine', 'make check'], { exit: 3, output: 'ok' }]);
  });
});

describe('RecordReader', () => {
  const command = { name: 'c', command: 'x', exit: 0, output: '^fine$' } as const;
  const read = (mode: 'repeat' | 'keep', lines: readonly unknown[], clock = () => 0): WorkloadRecord => {
    const record: WorkloadRecord = { plan: planWorkload({ ...command, mode }, 1), samples: [], runs: [], said: [] };
    const reader = new RecordReader(record, clock, () => {});
    for (const line of lines) reader.add(JSON.stringify(line));
    return record;
  };
  const run = (change: object) => ({
    run: { exit: 0, signal: 0, ms: 5, stopped: false, output: 'x\nfine\n', ...change },
  });

  it('puts samples at the time the guest took them, though their lines came late', () => {
    let now = 0;
    const tick = (upUs: number) => ({ upUs, done: 1, failed: 0, tasks: 1, cpuMs: 0 });
    const times = [1000, 1100, 2000];
    const { samples } = read('repeat', [tick(500_000), tick(600_000), tick(700_000)], () => times[now++] ?? 0);
    assert.deepEqual(
      samples.map(({ atMs }) => atMs),
      [1000, 1100, 1200],
    );
  });

  const runs: [what: string, mode: 'repeat' | 'keep', change: object, good: boolean][] = [
    ['ends as it should', 'repeat', {}, true],
    ['ends with another code', 'repeat', { exit: 1 }, false],
    ['is killed', 'repeat', { exit: -1, signal: 9 }, false],
    ['says something else', 'repeat', { output: 'refined\n' }, false],
    ['is cut short by us', 'repeat', { stopped: true, exit: -1, signal: 15 }, true],
    ['ends by itself with success', 'keep', {}, true],
    ['ends when it is told to, by the signal', 'keep', { stopped: true, exit: -1, signal: 15 }, true],
    ['ends when it is told to, and has failed', 'keep', { stopped: true, exit: 2 }, false],
  ];
  for (const [what, mode, change, good] of runs)
    it(`calls a command that ${what} ${good ? 'good' : 'bad'} (${mode})`, () =>
      assert.equal(read(mode, [run(change)]).runs[0]?.good, good));

  it('keeps what bad runs said, and of the good ones only the last', () => {
    const { runs: kept } = read('repeat', [run({}), run({ exit: 1 }), run({}), run({})]);
    assert.deepEqual(
      kept.map(({ output }) => output.length > 0),
      [false, true, false, true],
    );
  });
});
