import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initPlace } from '../../../lab/src/build/differ/diff-unit.ts';
import { keepModule } from '../../../lab/src/build/keep-module.ts';
import { editsOf, placeIn } from '../../../lab/src/build/patched-unit.ts';
import { reason } from '../../../lab/src/build/reason.ts';
import { withPlaces } from '../../../lab/src/build/reason-places.ts';

const source = (path: string, text: string, newLine?: number) => ({
  path,
  original: text,
  applied: { text, changes: newLine === undefined ? [] : [{ oldLine: newLine, oldCount: 1, newLine, newCount: 1 }] },
});
const header = source('x.h', '#define X 1\nstatic inline int half(int value)\n{\n}\n', 3);
const edited = { ...source('a.c', 'int a(void)\n{\n}\n', 2), included: [] };
const including = { ...source('b.c', 'int b(void)\n{\n}\n'), included: [header] };

describe('a patched unit', () => {
  it('is edited itself, or by what it includes', () => {
    assert.deepEqual(
      [edited, including].map((unit) => editsOf(unit).map(({ path }) => path)),
      [['a.c'], ['x.h']],
    );
  });

  it('finds functions in its own source and in headers, or else the first edit', () => {
    assert.deepEqual(placeIn(including, 'b'), { file: 'b.c', line: 1 });
    assert.deepEqual(placeIn(including, 'half'), { file: 'x.h', line: 2 });
    assert.deepEqual(placeIn(including, 'none'), { file: 'x.h', line: 3 });
  });

  it('knows where it edits init or exit code', () => {
    const text = 'int a(void)\n{\n\treturn 1;\n}\n\nstatic void __exit gone(void)\n{\n\ta();\n}\n';
    const unit = { ...source('a.c', text, 3), included: [] };
    assert.equal(initPlace(unit), undefined);
    const both = { ...unit.applied, changes: [...unit.applied.changes, ...source('a.c', text, 8).applied.changes] };
    assert.deepEqual(initPlace({ ...unit, applied: both }), { file: 'a.c', line: 8, function: 'gone' });
  });

  it('has reasons where the patch edits something, each once', () => {
    const reasons = ['b.c', 'b.c', 'a.c', 'x.h'].map((file) => ({ ...reason('no-change', { file }), message: '' }));
    const placed = withPlaces([...reasons, reason('does-not-compile', { file: 'b.c', line: 1 })], [edited, including]);
    assert.deepEqual(
      placed.map(({ file, line }) => [file, line]),
      [
        ['x.h', 3],
        ['a.c', 2],
        ['x.h', undefined],
        ['b.c', 1],
      ],
    );
  });
});

describe('keepModule', () => {
  let room: string;
  beforeEach(() => {
    room = mkdtempSync(join(tmpdir(), 'lpl-keep-'));
  });
  afterEach(() => rmSync(room, { recursive: true }));

  it('keeps two modules of one name, and what was built before while another is written', async () => {
    const keep = async (content: string, out?: string) => {
      writeFileSync(join(room, 'made.ko'), content);
      return keepModule({ room }, { module: join(room, 'made.ko'), moduleName: 'fix', out });
    };
    const kept = [await keep('one'), await keep('two'), await keep('one')];
    assert.deepEqual(
      kept.map((path) => readFileSync(path, 'utf8')),
      ['one', 'two', 'one'],
    );
    assert.equal(kept[0], kept[2]);
    const out = join(room, 'out/fix.ko');
    await keep('one', out);
    await keep('two', out);
    assert.equal(readFileSync(out, 'utf8'), 'two');
    assert.deepEqual(readdirSync(join(room, 'out')), ['fix.ko']);
  });
});
