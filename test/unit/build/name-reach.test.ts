import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unitsThatMayUse } from '../../../lab/src/build/reach/name-reach.ts';

const header = `#define LIMIT 4
/* half_of() of it */
static inline int half_of(int value)
{
	return value / 2;
}

static inline int quarter_of(int value)
{
	return half_of(half_of(value));
}
struct point {
	int x;
};
`;

const files = {
  'a.c': 'int a(void) { return half_of(4); }\n',
  'b.c': 'int b(void) { return quarter_of(4); }\n',
  'c.c': 'int c(void) { return wrapped(4); }\n',
  'd.c': 'int d(void) { return OF(quarter)(4); }\n',
  'e.c': 'int e(void) { return CONCATENATE(half_, of)(4); }\n',
  'f.c': '#include "table.h"\n',
  'g.c': 'int g(void) { return half_of_them(4); }\n',
  'other.h': '#define wrapped(x) \\\n\thalf_of(x)\n#define OF(what) what##_of\nstatic inline int half_of(int value);\n',
  'table.h': 'static int (*const table)(int) = half_of;\n',
};

describe('unitsThatMayUse', () => {
  let source: string;
  const candidates = Object.keys(files).filter((path) => path.endsWith('.c'));
  const graph = new Map([
    ['x.h', candidates],
    ['other.h', candidates],
    ['table.h', ['f.c']],
  ]);
  before(() => {
    source = mkdtempSync(join(tmpdir(), 'lpl-names-'));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(source, dirname(path)), { recursive: true });
      writeFileSync(join(source, path), text);
    }
  });
  after(() => rmSync(source, { recursive: true }));

  const users = (from: string, to: string) => {
    const line = header.slice(0, header.indexOf(from)).split('\n').length;
    const changes = [{ oldLine: line, oldCount: 1, newLine: line, newCount: 1 }];
    const shared = [{ path: 'x.h', original: header, applied: { text: header.replace(from, to), changes } }];
    return unitsThatMayUse({ shared, graph, candidates, source, signal: new AbortController().signal });
  };

  it('finds who names it, and whoever names an inline function or macro that does', async () =>
    assert.deepEqual(await users('value / 2', 'value / 3'), ['a.c', 'b.c', 'c.c', 'd.c', 'e.c', 'f.c']));

  it('leaves out who uses nothing of it', async () =>
    assert.deepEqual(await users('half_of(half_of(value))', 'half_of(value)'), ['b.c', 'd.c']));

  it('finds nobody for a comment, and for a macro that nobody uses', async () => {
    assert.deepEqual(await users('half_of() of it', 'half'), []);
    assert.deepEqual(await users('LIMIT 4', 'LIMIT 5'), []);
  });

  it('takes all of them when something else changes', async () =>
    assert.deepEqual(await users('int x;', 'long x;'), candidates));
});
