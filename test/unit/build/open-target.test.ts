import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTarget } from '../../../lab/src/build/unit/open-target.ts';
import { isRefused } from '../../../lab/src/build/refused.ts';
import { operate } from '../../support/operation.ts';
import { fixturePath } from './unit-fixtures.ts';

describe('openTarget', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lpl-target-'));
    mkdirSync(join(directory, 'modules/kernel/fs'), { recursive: true });
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const ship = (file: string) =>
    copyFileSync(fixturePath('unit/module.ko'), join(directory, 'modules/kernel/fs', file));
  const open = (...flags: string[]) => {
    const facts = { kallsyms: fixturePath('unit/kallsyms'), patchableFunctions: '' };
    // The fixture's module is not packed: no tool is run.
    const tools = { path: '/nonexistent', compiler: '' };
    const command = { argv: ['gcc', ...flags], symvers: [] };
    const given = { path: 'fs/x.c', command, image: fixturePath('unit/image'), out: directory };
    return operate((ctx) => openTarget(ctx, { facts, modulesDir: join(directory, 'modules'), tools }, given));
  };
  const ofModule = ['-DMODULE', '-DKBUILD_MODNAME="my_unit"', '-DKBUILD_MODFILE="fs/my-unit"'];

  it('is vmlinux for built-in code', async () => {
    const target = await open();
    assert.ok(!isRefused(target));
    assert.equal(target.name, 'vmlinux');
  });

  it('is the shipped module, whose file may have - for _', async () => {
    ship('my-unit.ko');
    const target = await open(...ofModule);
    assert.ok(!isRefused(target));
    assert.equal(target.name, 'my_unit');
  });

  it('is refused for a module that the target does not ship, naming it', async () => {
    for (const other of ['unit.ko', 'my-unit2.ko', 'not-my-unit.ko', 'my_unit.ko.sig.txt']) ship(other);
    const target = await open(...ofModule);
    assert.ok(isRefused(target));
    assert.deepEqual(
      target.reasons.map(({ rule, file, message }) => [rule, file, message]),
      [['module-not-shipped', 'fs/x.c', 'fs/x.c belongs to the module my_unit, which the target does not ship']],
    );
  });
});
