// The small pure parts of the build room, one describe each.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { changedExports, leftOutExports } from '../../../lab/src/build/check/check-exports.ts';
import { tablesLostByObjtool } from '../../../lab/src/build/check/check-sections.ts';
import { exposedData } from '../../../lab/src/build/differ/diff-unit.ts';
import { sealedFunctions } from '../../../lab/src/build/kernel-facts.ts';
import { moduleNameFor } from '../../../lab/src/build/module-name.ts';
import {
  newObjtoolReasons,
  linkFlags,
  objtoolFlags,
  readObjtoolWarnings,
  unitFlags,
} from '../../../lab/src/build/compile/objtool.ts';
import { rule, type RuleId } from '../../../lab/src/build/rules.ts';
import rules from '../../../lab/src/build/rules.json' with { type: 'json' };
import type { Elf } from '../../../lab/src/kernel/elf.ts';
import { rulesPage } from '../../support/rules-page.ts';
import { fixtureElf, fixtureText, withSectionRenamed } from './unit-fixtures.ts';

const exporting = (...names: string[]) =>
  ({ symbols: names.map((name) => ({ name: `__export_symbol_${name}` })) }) as unknown as Elf;

describe('changedExports', () => {
  const same = { original: exporting('a', 'b'), patched: exporting('a', 'b') };
  const before = ['a 0x1', 'b 0x2'];

  it('accepts what stays', () => assert.deepEqual(changedExports('x.c', same, { before, after: before }), []));
  it('refuses another type', () => {
    const [found] = changedExports('x.c', same, { before, after: ['a 0x1', 'b 0x3'] });
    assert.equal(found?.rule, 'DA09');
    assert.match(found.message, /\(b\)/);
  });
  it('tells of an export that goes that it stays, under another name as well', () => {
    for (const [patched, after] of [
      [exporting('a'), ['a 0x1']],
      [exporting('a', 'c'), ['a 0x1', 'c 0x2']],
    ] as const) {
      assert.deepEqual(changedExports('x.c', { ...same, patched }, { before, after }), []);
      assert.match(leftOutExports('x.c', { ...same, patched })[0]?.message ?? '', /keeps the exports .*\(b\)/);
    }
  });
  it('tells of a new export that it is left out', () => {
    const objects = { ...same, patched: exporting('a', 'b', 'c') };
    assert.deepEqual(changedExports('x.c', objects, { before, after: before }), []);
    assert.match(leftOutExports('x.c', objects)[0]?.message ?? '', /\(c\) are left out/);
    assert.deepEqual(leftOutExports('x.c', same), []);
  });
});

describe('tablesLostByObjtool', () => {
  const object = fixtureElf('livepatch.ko');
  it('compares with the original object', () => {
    assert.deepEqual(tablesLostByObjtool(object, object), []);
    const without = withSectionRenamed(object, '.orc_unwind_ip', '.nothing_at_al');
    assert.deepEqual(tablesLostByObjtool(object, without), ['.orc_unwind_ip']);
  });
});

describe('exposedData', () => {
  it('is what loses its `static`, and nothing that never had it', () => {
    const unit = fixtureElf('messages.o');
    const exposed = unit.symbols.map((each) => (each.name === 'other.5' ? { ...each, bind: 'global' as const } : each));
    assert.deepEqual(exposedData(unit, { ...unit, symbols: exposed }), ['other.5']);
    assert.deepEqual(exposedData(unit, unit), []);
  });
});

describe('objtoolFlags', () => {
  it('are those of the configuration, without what only a link can do', () => {
    const flags = objtoolFlags(fixtureText('Makefile.lib'), fixtureText('config'));
    assert.deepEqual(linkFlags(flags).slice(-1), ['--link']);
    assert.ok(linkFlags(flags).includes('--ibt'));
    assert.equal(
      unitFlags(flags).join(' '),
      '--hacks=jump_label --hacks=noinstr --hacks=skylake --orc --retpoline --rethunk --sls --static-call --uaccess --prefix=16',
    );
  });
  it('follow the configuration', () => {
    const flags = objtoolFlags(fixtureText('Makefile.lib'), 'CONFIG_UNWINDER_ORC=y\nCONFIG_X86_KERNEL_IBT=y\n');
    assert.deepEqual(unitFlags(flags), ['--orc']);
  });
});

describe('newObjtoolReasons', () => {
  const warnings = readObjtoolWarnings(fixtureText('logs/objtool-FAIL.log'));
  const lineOf = (name: string) => (name === 'version_proc_show' ? 10 : undefined);
  const reasons = (objtoolWarnings: string[], now = warnings) =>
    newObjtoolReasons({ path: 'fs/x.c', objtoolWarnings }, now, lineOf).map(
      ({ rule, file, line, function: name, message }) => ({ rule, file, line, name, message }),
    );

  it('names the function that objtool cannot follow', () => {
    const message =
      'fs/x.c: objtool says about the patched object: version_proc_show: return with modified stack frame';
    assert.deepEqual(reasons([]), [{ rule: 'objtool', file: 'fs/x.c', line: 10, name: 'version_proc_show', message }]);
  });
  it('accepts what objtool says about the original as well, wherever it stands there', () => {
    const original = 'original.o: warning: objtool: version_proc_show+0x9: return with modified stack frame\n';
    assert.deepEqual(reasons(readObjtoolWarnings(original)), []);
  });
  it('takes a failure of objtool itself for a reason', () => {
    const failed = readObjtoolWarnings("patched.o: error: objtool: can't find jump dest\nnothing of note\n");
    assert.deepEqual(
      reasons([], failed).map(({ rule, name }) => [rule, name]),
      [['objtool', undefined]],
    );
  });
});

describe('moduleNameFor', () => {
  for (const [file, name] of [
    ['fix.patch', 'livepatch_fix'],
    ['livepatch-sample.c', 'livepatch_sample'],
    ['/tmp/0001-Net: fix (CVE-2026-1).patch', 'livepatch_0001_net_fix_cve_2026_1'],
    [`${'x'.repeat(80)}.patch`, `livepatch_${'x'.repeat(45)}`],
    ['---.patch', undefined],
  ] as const)
    it(`${file.slice(0, 40)}: ${name ?? 'none'}`, () => assert.equal(moduleNameFor(file), name));
});

describe('sealedFunctions', () => {
  it('resolves offsets relative to their own place', () => {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32LE(-0x1000, 0);
    bytes.writeInt32LE(0x100, 4);
    const section = {
      index: 1,
      name: '.ibt_endbr_seal',
      type: 1,
      flags: 2,
      address: -0x7eff0000,
      offset: 0,
      size: 8,
      link: 0,
      info: 0,
    };
    const kallsyms = 'ffffffff8100f000 t sealed_one\nffffffff81010104 T sealed_two\nffffffff81010100 t not_sealed\n';
    assert.deepEqual(sealedFunctions({ bytes, sections: [section], symbols: [] }, kallsyms), [
      'sealed_one',
      'sealed_two',
    ]);
  });
});

describe('rules.json', () => {
  const room = new URL('../../../lab/src/build/', import.meta.url);
  const code = readdirSync(room, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(new URL(file, room), 'utf8'))
    .join('\n');

  for (const [id, { title, message, hint }] of Object.entries(rules))
    it(`${id} is used, and says what and what to do`, () => {
      assert.ok(code.includes(`'${id}'`), `no code uses ${id}`);
      for (const text of [title, message, hint])
        assert.ok(text.length > 3 && !text.endsWith('.') && !text.includes('\n'), text);
      const { level, tier } = rule(id as RuleId);
      assert.ok(['error', 'warning', 'info'].includes(level) && ['text', 'target', 'build'].includes(tier));
    });

  it('is what RULES.md says', async () => {
    const page = readFileSync(new URL('../../../RULES.md', import.meta.url), 'utf8');
    assert.ok(page === (await rulesPage()), 'run `npx tsx test/support/rules-page.ts > RULES.md`');
  });
});
