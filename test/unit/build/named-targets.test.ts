import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from '../../../lab/src/lab.ts';
import { showTarget } from '../../../lab/src/cli/commands/target.ts';
import { bootableConfig, makeBuiltTree, putFile } from '../../support/built-tree.ts';
import { facade } from '../../support/facade.ts';
import { machineRecord, writeMachine } from '../../support/machine-record.ts';
import { operate } from '../../support/operation.ts';

describe('lpl target', () => {
  let directory: string;
  let tree: string;
  let lab: Lab;
  const paths = () => ({ cache: join(directory, 'c'), state: join(directory, 's'), runtime: join(directory, 'r') });
  beforeEach(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), 'lpl-targets-')));
    tree = join(directory, 'linux');
    await makeBuiltTree(tree);
    lab = facade(paths());
  });
  afterEach(() => rm(directory, { recursive: true }));

  const add = (name: string, target: string) => operate((ctx) => lab.targetAdd({ name, target }, ctx));
  const remove = (name: string, prepared = false) => operate((ctx) => lab.targetRemove({ name, prepared }, ctx));
  const show = (name: string) => operate((ctx) => lab.targetShow(name, ctx));
  /** An artefact of that name in the cache. */
  const artefact = async (name: string) => {
    const path = join(paths().cache, name);
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'stage.json'), '{}');
    return path;
  };

  it('add gives a name that works wherever a target is asked for, until rm', async () => {
    await add('mine', `tree:${tree}`);
    assert.deepEqual(
      (await lab.targetNames()).map(({ name, target }) => [name, target]),
      [['mine', `tree:${tree}`]],
    );
    const [kernel] = await operate((ctx) => lab.listTargets('mine', ctx));
    assert.equal(kernel?.release, '6.12.1-mine');
    assert.equal((await remove('mine')).forgotten?.target, `tree:${tree}`);
    await assert.rejects(show('mine'), { code: 'kernel.unknown', message: 'there is no target mine' });
    await assert.rejects(remove('mine'), { code: 'kernel.unknown' });
  });

  it('add looks at the target first, and takes no name that stands for another', async () => {
    await assert.rejects(add('mine', `tree:${tree}/nowhere`), { code: 'kernel.unknown' });
    await assert.rejects(add('../mine', `tree:${tree}`), { code: 'usage.invalid' });
    await add('mine', `tree:${tree}`);
    await add('mine', `tree:${tree}/`);
    const other = join(directory, 'other');
    await makeBuiltTree(other);
    await assert.rejects(add('mine', `tree:${other}`), {
      code: 'usage.invalid',
      message: `mine is tree:${tree} already`,
    });
    await rm(join(other, 'arch'), { recursive: true });
    await assert.rejects(add('other', `tree:${other}`), { code: 'kernel.unsupported' });
    assert.equal((await lab.targetNames()).length, 1);
  });

  it('show tells what it is, what stands against livepatches, who uses it and what is prepared', async () => {
    await add('mine', `tree:${tree}`);
    await artefact('images/tiny-6.12.1-mine-01');
    await artefact('images/tiny-6.12.1-mine2-01');
    await writeMachine(paths(), machineRecord('web1', { target: `tree:${tree}` }));
    const described = await show('mine');
    assert.deepEqual(
      [described.name, described.shortNames, described.release, described.machines, described.kind],
      [`tree:${tree}`, ['mine'], '6.12.1-mine', ['web1'], 'tree'],
    );
    assert.deepEqual(described.config, { livepatch: true, ibt: false, btf: false, modversions: true });
    assert.match(described.engine ?? '', /^objdiff, differ .* \(no KLP_BUILD\), /);
    assert.match(described.problem?.message ?? '', /was not built with gcc/);
    assert.deepEqual(
      described.prepared.map(({ name }) => name),
      ['tiny-6.12.1-mine-01'],
    );
    const text = showTarget(described);
    for (const line of [/^names +mine$/m, /^release +6\.12\.1-mine$/m, /^machines +web1$/m, /MODVERSIONS on/])
      assert.match(text, line);
  });

  it('show tells another choice for a kernel with KLP_BUILD and IBT', async () => {
    await putFile(tree, '.config', `${bootableConfig}CONFIG_KLP_BUILD=y\nCONFIG_X86_KERNEL_IBT=y\n`);
    const { engine, config: facts } = await show(`tree:${tree}`);
    assert.match(engine ?? '', /\(KLP_BUILD\)/);
    assert.equal(facts?.ibt, true);
  });

  it('rm --prepared removes what is for that target alone, and never the tree', async () => {
    const other = join(directory, 'other');
    await makeBuiltTree(other, '6.12.2-other');
    await add('mine', `tree:${tree}`);
    await add('other', `tree:${other}`);
    const own = await artefact('images/tiny-6.12.1-mine-01');
    const others = [await artefact('images/tiny-6.12.2-other-01'), await artefact('roots/lab-root-01')];
    const shared = await artefact('facts/6.12.1-mine-and-6.12.2-other-01');
    const { pruned } = await remove('mine', true);
    assert.deepEqual([own, shared, ...others, tree].map(existsSync), [false, true, true, true, true]);
    assert.deepEqual(
      pruned?.removed.map(({ name }) => name),
      ['tiny-6.12.1-mine-01'],
    );
  });

  it('rm of a kernel that the lab built removes it with its name, and not while another name keeps it', async () => {
    const built = join(paths().cache, 'kernels/kernel-6.12.1-tiny-01');
    await mkdir(join(paths().cache, 'kernels'), { recursive: true });
    await rename(tree, built);
    await add('mine', `tree:${built}`);
    await add('too', `tree:${built}`);
    await assert.rejects(remove('mine', true), {
      code: 'target.in-use',
      message: /is used by target too, which needs/,
    });
    assert.equal((await lab.targetNames()).length, 2);
    await remove('too');
    await remove('mine', true);
    assert.ok(!existsSync(built));
  });

  it('rm refuses in one line what a machine uses, and then removes nothing', async () => {
    const files = await writeMachine(paths(), machineRecord('web1', { target: `tree:${tree}` }));
    const own = await artefact('images/tiny-6.12.1-mine-01');
    const refusal = { code: 'target.in-use', message: `tree:${tree} is used by machine web1` };
    await assert.rejects(remove(`tree:${tree}`), refusal);
    assert.ok(existsSync(own));
    await rm(files.directory, { recursive: true });
    await remove(`tree:${tree}`);
    assert.ok(!existsSync(own));
  });
});
