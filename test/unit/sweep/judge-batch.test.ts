import assert from 'node:assert/strict';
import { judgeBatch, type RunBatch } from '../../../lab/src/sweep/judge-batch.ts';
import type { BatchDefect, BatchLog } from '../../../lab/src/sweep/read-batch-log.ts';

type Item = { module: string; objects: string[] };

const batch = (...names: string[]): Item[] => names.map((module) => ({ module, objects: ['vmlinux'] }));
const good = { live: true, gone: true, patched: ['vmlinux'], stalled: [], isStalled: false };
const oops: BatchDefect = { step: 'live', kind: 'oops', text: 'Oops: 0002' };

/** A guest in which these modules misbehave. */
function guest(faults: Record<string, Partial<BatchLog> & { defects: BatchDefect[] }>) {
  const runs: string[] = [];
  const run: RunBatch<Item> = (items, kind) => {
    runs.push(`${kind === 'control' ? 'control ' : ''}${items.map(({ module }) => module).join('')}`);
    const found = kind === 'control' ? [] : items.flatMap(({ module }) => faults[module] ?? []);
    return Promise.resolve({
      modules: new Map(items.map(({ module }) => [module, good])),
      absent: new Map(),
      defects: found.flatMap(({ defects }) => defects),
      before: [],
      ended: found.every(({ ended = true }) => ended),
    });
  };
  return { run, runs };
}

const classes = async (items: Item[], run: RunBatch<Item>) =>
  [...(await judgeBatch(items, run))].map(([module, judgement]) => `${module} ${judgement.class}`).sort();

describe('judgeBatch', () => {
  it('needs one guest for a batch that behaves', async () => {
    const { run, runs } = guest({});
    assert.deepEqual(await classes(batch('a', 'b'), run), ['a clean', 'b clean']);
    assert.deepEqual(runs, ['ab']);
  });

  it('takes a batch apart until the guilty one is alone, and shows that it is the livepatch', async () => {
    const { run, runs } = guest({ c: { defects: [oops] } });
    assert.deepEqual(await classes(batch('a', 'b', 'c', 'd'), run), ['a clean', 'b clean', 'c wrong', 'd clean']);
    assert.deepEqual(runs, ['abcd', 'ab', 'cd', 'c', 'control c', 'd']);
  });

  it('begins with the suspect: the one in motion, or the one the kernel names', async () => {
    const inMotion = guest({ c: { defects: [{ ...oops, module: 'c' }] } });
    await classes(batch('a', 'b', 'c'), inMotion.run);
    assert.deepEqual(inMotion.runs, ['abc', 'c', 'control c', 'ab']);
    const named = guest({ b: { defects: [{ ...oops, text: 'WARNING: f+0x1/0x2 [b]' }] } });
    await classes(batch('a', 'b', 'c'), named.run);
    assert.deepEqual(named.runs, ['abc', 'b', 'control b', 'ac']);
  });

  it('finds several', async () => {
    const silent: BatchDefect = { step: 'live', kind: 'silent', text: 'it fell silent' };
    const { run } = guest({ a: { defects: [oops] }, d: { defects: [silent], ended: false } });
    assert.deepEqual(await classes(batch('a', 'b', 'c', 'd'), run), ['a wrong', 'b clean', 'c clean', 'd wrong']);
  });

  it('calls wrong what the kernel does not take, without another guest for the others', async () => {
    const rejected: BatchDefect = { step: 'load', kind: 'rejected', text: 'invalid module format', module: 'b' };
    const { run, runs } = guest({ b: { defects: [rejected] } });
    assert.deepEqual(await classes(batch('a', 'b'), run), ['a clean', 'b wrong']);
    assert.deepEqual(runs, ['ab']);
  });

  it('lets nobody be clean when a misbehaviour does not show again', async () => {
    let isFirst = true;
    const { run } = guest({});
    const once: RunBatch<Item> = async (items, kind) => {
      const log = await run(items, kind);
      const defects = isFirst ? [oops] : [];
      isFirst = false;
      return { ...log, defects };
    };
    assert.deepEqual(await classes(batch('a', 'b'), once), ['a unknown', 'b unknown']);
  });

  it('blames no livepatch for what the guest does without it', async () => {
    const { run } = guest({ a: { defects: [oops] } });
    const always: RunBatch<Item> = (items) => run(items, 'livepatches');
    assert.deepEqual(await classes(batch('a'), always), ['a unproven']);
  });

  it('does not call clean what was never patched, or never seen to be', async () => {
    const { run } = guest({});
    const without = (change: Partial<typeof good>): RunBatch<Item> => {
      const change_ = { ...good, ...change };
      return async (items, kind) => ({ ...(await run(items, kind)), modules: new Map([['a', change_]]) });
    };
    assert.deepEqual(await classes(batch('a'), without({ patched: [] })), ['a unproven']);
    assert.deepEqual(await classes(batch('a'), without({ gone: false })), ['a unknown']);
    assert.deepEqual(await classes(batch('a'), without({ live: false, isStalled: true })), ['a stalled']);
    assert.deepEqual(await classes(batch('b'), without({})), ['b unknown']);
  });
});
