import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabEvent } from '../../../../lab/src/core/event.ts';
import { isLabError, LabError } from '../../../../lab/src/core/error.ts';
import { addTargetName } from '../../../../lab/src/kernel/target-names.ts';
import type { CellOutcome } from '../../../../lab/src/trial/matrix/cell-result.ts';
import { matrixFiles } from '../../../../lab/src/trial/matrix/matrix-directory.ts';
import { runMatrix } from '../../../../lab/src/trial/matrix/matrix.ts';
import { mergeMatrix } from '../../../../lab/src/trial/matrix/merge.ts';
import type { CellRunner } from '../../../../lab/src/trial/matrix/run-matrix.ts';
import { operate } from '../../../support/operation.ts';
import { outcome, writeMatrix } from '../../../support/matrix.ts';
import { testSite } from '../../../support/test-site.ts';

type Answer = (id: string) => CellOutcome | Promise<CellOutcome>;

describe('runMatrix', () => {
  let directory: string;
  let file: string;
  beforeEach(async () => void ({ directory, file } = await writeMatrix()));
  afterEach(() => rm(directory, { recursive: true }));

  const asTold: Answer = (id) =>
    id.startsWith('old--guard') ? outcome('refused', 'NP02: no') : outcome('pass', 'fine');

  /** Runs the matrix with `answer` for a runner; tells which cells were really run. */
  async function run(
    answer: Answer = asTold,
    command: Partial<Parameters<typeof runMatrix>[2]> = {},
    { release = '6.12.1', signal = new AbortController().signal, events = [] as LabEvent[] } = {},
  ) {
    const ran: string[] = [];
    const site = testSite({ cache: directory, state: join(directory, 'state'), runtime: join(directory, 'run') });
    const runner: CellRunner = {
      atOnce: 3,
      releaseOf: async () => release,
      run: async ({ id }) => {
        ran.push(id);
        return answer(id);
      },
    };
    const result = await operate((ctx) => runMatrix(ctx, site, { file, ...command }, () => runner), { signal, events });
    return { result, ran };
  }

  it('runs every cell once and leaves every format', async () => {
    const events: LabEvent[] = [];
    const { result, ran } = await run(asTold, {}, { events });
    assert.equal(new Set(ran).size, 8);
    assert.equal(ran.length, 8);
    assert.deepEqual([result.verdict, result.counts.expected], ['pass', 8]);
    const files = matrixFiles(result.directory);
    for (const path of [files.result, files.html, files.junit, files.markdown])
      assert.ok((await readFile(path, 'utf8')).length > 100, path);
    const ended = events.filter((event) => event.type === 'cell' && event.asExpected !== undefined);
    assert.equal(ended.length, 8);
  });

  it('tells the runner in full what a short name stands for: other machines know none of them', async () => {
    const site = testSite({ cache: directory, state: join(directory, 'state'), runtime: join(directory, 'run') });
    const full = 'debian:trixie/cloud-amd64';
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(`target: ${full}`, 'target: field'));
    await assert.rejects(run(), { code: 'kernel.unknown', message: 'there is no target field' });
    await addTargetName(site.paths, { name: 'field', target: full }, new AbortController().signal);
    const targets = new Set<string>();
    const runner: CellRunner = {
      atOnce: 1,
      releaseOf: async () => '6.12.1',
      run: async ({ id, target }) => {
        targets.add(`${target.name} ${target.back}`);
        return asTold(id);
      },
    };
    await operate((ctx) => runMatrix(ctx, site, { file }, () => runner));
    assert.deepEqual([...targets].sort(), [`${full} 0`, `${full} 1`]);
  });

  it('calls a cell whose runner broke inconclusive, by name, and runs the others', async () => {
    const { result } = await run((id) => {
      if (id === 'new--fix--busy') throw new LabError('qemu.not-found', 'no QEMU', { hint: 'lpl doctor --fix' });
      return asTold(id);
    });
    assert.equal(result.verdict, 'inconclusive');
    const red = result.cells.filter(({ asExpected }) => !asExpected);
    assert.deepEqual(
      red.map(({ id, verdict, reasons }) => [id, verdict, reasons]),
      [['new--fix--busy', 'inconclusive', ['no QEMU: lpl doctor --fix']]],
    );
  });

  it('takes up what has a verdict, and asks again what has none', async () => {
    const out = join(directory, 'out');
    await run((id) => (id === 'new--fix--busy' ? outcome('inconclusive', 'no room') : asTold(id)), { out });
    const events: LabEvent[] = [];
    const { result, ran } = await run(asTold, { out, resume: true }, { events });
    assert.deepEqual(ran, ['new--fix--busy']);
    assert.equal(result.verdict, 'pass');
    const ended = events.flatMap((event) => (event.type === 'cell' && event.asExpected !== undefined ? [event] : []));
    assert.equal(ended.length, 8);
    assert.deepEqual(
      ended.flatMap(({ cell, kept }) => (kept ? [] : [cell])),
      ran,
    );
  });

  it('finds the last run of the file by itself', async () => {
    await run();
    const { ran } = await run(asTold, { resume: true });
    assert.deepEqual(ran, []);
  });

  it('keeps what is known when it is cancelled, and goes on from there', async () => {
    const cancel = new AbortController();
    const out = join(directory, 'out');
    const goesOn = 'the same command with --resume runs the others';
    let count = 0;
    const answer: Answer = async (id) => {
      if (++count <= 3) return asTold(id);
      cancel.abort(new LabError('op.cancelled', 'cancelled'));
      throw new Error('torn');
    };
    await assert.rejects(run(answer, { out }, { signal: cancel.signal }), (error) => {
      assert.ok(isLabError(error, 'op.cancelled'));
      assert.deepEqual([error.message, error.hint], ['cancelled: 3 of 8 cells are known', goesOn]);
      return true;
    });
    const { result, ran } = await run(asTold, { out, resume: true });
    assert.equal(ran.length, 5);
    assert.equal(result.counts.expected, 8);
  });

  it('does not trust a result of other files, another kernel or another matrix', async () => {
    const out = join(directory, 'out');
    await run(asTold, { out });
    assert.equal((await run(asTold, { out, resume: true }, { release: '6.12.2' })).ran.length, 8);
    await writeFile(join(directory, 'fix.c'), 'int main(void) { return 1; }\n');
    assert.deepEqual(
      (await run(asTold, { out, resume: true })).ran.filter((id) => !id.includes('--fix--')),
      [],
    );
    await writeFile(file, (await readFile(file, 'utf8')).replace('soakMs: 100', 'soakMs: 200'));
    assert.equal(
      (await run(asTold, { out, resume: true })).ran.every((id) => id.endsWith('--busy')),
      true,
    );
  });

  it('judges a kept result by what is expected now', async () => {
    const out = join(directory, 'out');
    await run(asTold, { out });
    await writeFile(file, (await readFile(file, 'utf8')).replace('NP02', 'NP03'));
    const { result, ran } = await run(asTold, { out, resume: true });
    assert.deepEqual([ran, result.verdict, result.counts.unexpected], [[], 'refused', 2]);
  });

  it('writes over no results unasked', async () => {
    const out = join(directory, 'out');
    await run(asTold, { out });
    await assert.rejects(run(asTold, { out }), (error) => isLabError(error, 'usage.invalid'));
  });

  it('says before anything else which file is missing', async () => {
    await rm(join(directory, 'fix.c'));
    await assert.rejects(run(), (error) => isLabError(error, 'matrix.invalid') && /fix\.c/.test(error.message));
  });

  describe('in shards', () => {
    const shards = async (...indexes: number[]) => {
      const outs = indexes.map((index) => join(directory, `shard-${index}`));
      for (const [at, index] of indexes.entries())
        await run(asTold, { out: outs[at] as string, shard: { index, count: 3 } });
      return outs;
    };

    it('merges to every cell exactly once', async () => {
      const merged = await mergeMatrix({ directories: await shards(1, 2, 3), out: join(directory, 'merged') });
      assert.deepEqual([merged.verdict, merged.counts.cells, merged.counts.expected], ['pass', 8, 8]);
      assert.equal(new Set(merged.cells.map(({ id }) => id)).size, 8);
    });

    it('names the cells of a shard that is missing, red', async () => {
      const merged = await mergeMatrix({ directories: await shards(1, 3), out: join(directory, 'merged') });
      assert.equal(merged.verdict, 'inconclusive');
      assert.deepEqual(
        merged.cells.filter(({ verdict }) => verdict === 'inconclusive').map(({ id, reasons }) => [id, ...reasons]),
        ['new--guard--quiet', 'new--guard--busy', 'old--fix--quiet'].map((id) => [id, 'nobody ran this cell']),
      );
    });

    it('refuses a shard that is given twice, and one of another matrix', async () => {
      const [first = '', second = ''] = await shards(1, 2);
      const out = join(directory, 'merged');
      const mismatch = (error: unknown) => isLabError(error, 'matrix.mismatch');
      await assert.rejects(mergeMatrix({ directories: [first, second, first], out }), mismatch);
      await writeFile(join(directory, 'fix.c'), '// changed\n');
      const [other = ''] = await shards(3);
      await assert.rejects(mergeMatrix({ directories: [first, other], out }), mismatch);
    });
  });
});
