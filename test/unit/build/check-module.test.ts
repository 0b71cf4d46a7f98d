import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutEffect } from '../../../lab/src/build/check/check-effect.ts';
import { lostSections } from '../../../lab/src/build/check/check-sections.ts';
import { checkModule } from '../../../lab/src/build/check/check-module.ts';
import { kpatchDiffer } from '../../../lab/src/build/differ/kpatch-differ.ts';
import type { BuildFacts } from '../../../lab/src/build/kernel-facts.ts';
import type { Unit } from '../../../lab/src/build/unit/unit.ts';
import type { Workbench } from '../../../lab/src/build/workbench.ts';
import type { Elf } from '../../../lab/src/kernel/elf.ts';
import { fixtureElf, fixturePath, withByte, withSectionRenamed, withSymbolRenamed } from './unit-fixtures.ts';

/** What the target is like; every field is what the fixture needs, unless a test says otherwise. */
type Target = {
  release: string;
  kallsyms: string;
  symvers: string;
  sealed: string[];
  unit: Partial<Unit>;
  kind: 'changed' | 'new';
};

const fitting: Target = {
  release: '6.12.94-test',
  kallsyms: ['changed', 'changed', 'local_helper', 'other']
    .map((name, at) => `ffffffff8100000${at} t ${name}\n`)
    .join(''),
  symvers: '0x11223344\timported\tvmlinux\tEXPORT_SYMBOL\t\n0x1\tpointed_to\tvmlinux\tEXPORT_SYMBOL\t\n',
  sealed: [],
  unit: {},
  kind: 'changed',
};

describe('a module without the alternatives of its functions', () => {
  const lost = async (module: Elf) => {
    const functions = [{ object: 'vmlinux', name: 'changed', kind: 'changed' as const, file: 'fs/x.c' }];
    const unit = { path: 'fs/x.c', object: 'vmlinux' } as Unit;
    const patched = fixturePath('unit/alternatives.o');
    const reasons = await lostSections({ unit, patched, functions, objtoolWarnings: [] }, module);
    return reasons.map(({ rule, message }) => `${rule}: ${message}`).join();
  };

  it('is refused: the kernel would patch nothing, and the code runs into what stands there before', async () => {
    const object = fixtureElf('alternatives.o');
    assert.equal(await lost(object), '');
    // What create-klp-module calls them without --no-klp-arch-sections, as far as it fits.
    const renamed = withSectionRenamed(object, '.altinstructions', '.klp.arch.vmlinu');
    assert.match(await lost(renamed), /^section-lost: .*\.altinstructions/);
  });
});

describe('checkModule', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'lpl-check-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  async function check(
    change: Partial<Target> = {},
    module: Elf = fixtureElf('livepatch.ko'),
    warnings: string[] = [],
  ): Promise<string[]> {
    const target = { ...fitting, ...change };
    const file = (name: string, content: string | Buffer) => {
      writeFileSync(join(directory, name), content);
      return join(directory, name);
    };
    file('Module.symvers', target.symvers);
    const facts = { kallsyms: file('kallsyms', target.kallsyms), patchableFunctions: '' };
    const kernel = { release: target.release, buildTree: directory, facts } as Workbench['kernel'];
    const unit = {
      path: 'fs/x.c',
      object: 'vmlinux',
      positions: { changed: 2 },
      ambiguous: [],
      ...target.unit,
    } as unknown as Unit;
    const functions = [{ object: 'vmlinux', name: 'changed', kind: target.kind, file: 'fs/x.c' }];
    const diff = { unit, patched: fixturePath('unit/livepatch.ko'), functions, objtoolWarnings: [] };
    const given = {
      module: file('x.ko', module.bytes),
      facts: { sealed: target.sealed } as unknown as BuildFacts,
      diffs: [diff],
      differ: kpatchDiffer,
      warnings,
    };
    return (await checkModule({ kernel } as Workbench, given)).map(({ rule, message }) => `${rule}: ${message}`);
  }

  const livepatch = fixtureElf('livepatch.ko');

  it('has nothing against a module that fits', async () => assert.deepEqual(await check(), []));

  it('vermagic of another release', async () =>
    assert.match((await check({ release: '6.12.107-test' })).join(), /^vermagic: .*6\.12\.94-test.*6\.12\.107-test/));

  it('an import in another version', async () => {
    const found = await check({ symvers: fitting.symvers.replace('0x11223344', '0x55667788') });
    assert.match(found.join(), /^version-mismatch: .*imported in version 0x11223344, the target exports 0x55667788/);
  });

  it('an import that the target does not export', async () => {
    const found = await check({ symvers: fitting.symvers.replace('pointed_to', 'unrelated') });
    assert.match(found.join(), /^symbol-missing: .*pointed_to of vmlinux/);
  });

  it('a livepatch symbol that the target does not have', async () => {
    assert.match(
      (await check({ kallsyms: fitting.kallsyms.replace('local_helper', 'inlined_now') })).join(),
      /^symbol-missing: .*local_helper/,
    );
  });

  it('a livepatch symbol that is not unique and not proven', async () => {
    assert.match(
      (await check({ kallsyms: fitting.kallsyms.replace('other', 'local_helper') })).join(),
      /^NP14: .*local_helper/,
    );
  });

  it('a livepatch symbol that the layout could not tell', async () => {
    assert.match((await check({ unit: { ambiguous: ['local_helper'] } })).join(), /^NP14: .*local_helper/);
  });

  it('a function of an object that the patch does not touch', async () =>
    assert.match((await check({ unit: { object: 'fs' } })).join(), /^klp-object: .*belongs to fs, but .*vmlinux/));

  it('a replaced function at another position than the proven one', async () => {
    assert.match((await check({ unit: { positions: { changed: 1 } } })).join(), /^NP14: .*changed/);
  });

  it('a pointer to a sealed function; a call of one is no pointer', async () => {
    assert.match((await check({ sealed: ['pointed_to'] })).join(), /^CO04: .*pointed_to/);
    assert.deepEqual(await check({ sealed: ['imported', 'local_helper'] }), []);
  });

  it("a pointer to the livepatch's own copy of a sealed function is fine", async () => {
    const pointing = withSectionRenamed(livepatch, '.kpatch.funcs', '.data.of_mine');
    assert.deepEqual(await check({ sealed: ['changed'] }, pointing), []);
  });

  it('the notes of objtool klp about relocations are no pointers', async () => {
    const noted = withSectionRenamed(livepatch, '.data.pointer', '__klp_relocs.');
    assert.deepEqual(await check({ sealed: ['pointed_to'] }, noted), []);
  });

  it('an export that should have been left out', async () => {
    const exporting = withSymbolRenamed(livepatch, '.klp.sym.vmlinux.local_helper,1', '__ksymtab_added');
    assert.match((await check({}, exporting)).join(), /^module-export: .*exports added/);
  });

  it('a table that was lost on the way', async () => {
    const found = await check({}, withSectionRenamed(livepatch, '.return_sites', '.nothing_here'));
    assert.match(found.join(), /^section-lost: .*\.return_sites/);
  });

  it('what objtool says about the whole module', async () =>
    assert.match((await check({}, livepatch, ['changed: unreachable'])).join(), /^objtool: .*changed: unreachable/));

  it('functions that are only added, which nothing calls', async () => {
    assert.match((await check({ kind: 'new' })).join(), /^nothing-replaced: fs\/x\.c: /);
  });

  it('callbacks are an effect, without any function replaced', () => {
    const unit = { path: 'fs/x.c' } as Unit;
    const functions = [{ object: 'vmlinux', name: 'begin', kind: 'new' as const, file: 'fs/x.c' }];
    for (const name of ['kpatch_pre_patch_data', '__klp_post_unpatch_callback_begin']) {
      const module = { symbols: [{ name }] } as Elf;
      assert.deepEqual(withoutEffect(module, [{ unit, functions }]), []);
    }
  });

  it('the placeholder of a runtime constant', async () => {
    const bytes = Buffer.from('efcdab8967452301', 'hex');
    const damaged = [...bytes].reduce((elf, byte, at) => withByte(elf, '.text.changed', at, () => byte), livepatch);
    assert.match((await check({}, damaged)).join(), /^runtime-constant: /);
  });
});
