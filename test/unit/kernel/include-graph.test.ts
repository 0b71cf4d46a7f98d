import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type IncludeGraph, includersOf, scanIncludes } from '../../../lab/src/kernel/include-graph.ts';

const source = {
  'net/a.c': '#include <net/foo.h>\n',
  'net/b.c': '# include "local.h"\n',
  'net/local.h': '#include "../include/net/foo.h"\n',
  'net/c.c': '#include <linux/magic.h>\n',
  'net/d.c': '#include "part.c"\n',
  'net/part.c': '#include <asm/barrier.h>\n',
  'net/e.c': '/* <net/foo.h> */ int e;\n',
  // A directory's Makefile adds -I for it.
  'drivers/x/x.c': '#include "deep.h"\n',
  'drivers/x/include/deep.h': '#include <net/foo.h>\n',
  'include/net/foo.h': '',
  'include/linux/magic.h': '#define MAGIC_FILE <net/foo.h>\n#include MAGIC_FILE\n',
  'include/linux/kconfig.h': '',
  'include/asm-generic/barrier.h': '',
  'arch/arm/include/asm/barrier.h': '',
  'tools/include/net/foo.h': '',
};
const buildTree = { 'arch/x86/include/generated/asm/barrier.h': '#include <asm-generic/barrier.h>\n' };

describe('scanIncludes', () => {
  let root: string;
  let graph: IncludeGraph;
  const units = Object.keys(source).filter((path) => path.endsWith('.c') && !path.endsWith('part.c'));
  const including = (...files: string[]) =>
    [...includersOf(graph, files)].filter((path) => units.includes(path)).sort();

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'lpl-includes-'));
    for (const [tree, files] of Object.entries({ source, buildTree }))
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(join(root, tree, dirname(path)), { recursive: true });
        writeFileSync(join(root, tree, path), text);
      }
    const trees = { source: join(root, 'source'), buildTree: join(root, 'buildTree') };
    graph = await scanIncludes(trees, units, new AbortController().signal);
  });
  after(() => rmSync(root, { recursive: true }));

  it('finds who includes a header: by name, through others, by a macro, by a search path it does not know', () =>
    assert.deepEqual(including('include/net/foo.h'), ['drivers/x/x.c', 'net/a.c', 'net/b.c', 'net/c.c']));

  it('finds who includes a C file', () => assert.deepEqual(including('net/part.c'), ['net/d.c']));

  it('goes through headers that the build makes', () =>
    assert.deepEqual(including('include/asm-generic/barrier.h'), ['net/d.c']));

  it('knows what the compiler includes in every unit', () =>
    assert.deepEqual(including('include/linux/kconfig.h'), units.sort()));

  it('leaves other architectures and the tools alone', () => {
    assert.deepEqual(including('arch/arm/include/asm/barrier.h'), []);
    assert.deepEqual(including('tools/include/net/foo.h'), []);
  });
});
