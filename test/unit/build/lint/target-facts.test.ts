// What the lint reads from a survey boot. The symbols are those of 6.12.116, as /proc/kallsyms lists them.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTargetFacts } from '../../../../lab/src/build/lint/target-facts.ts';

const kallsyms = `ffffffff810b2ac0 t __pfx___do_sys_getppid
ffffffff810b2ad0 T __ia32_sys_getppid
ffffffff810b2ad0 T __x64_sys_getppid
ffffffff810b2ad0 t __do_sys_getppid
ffffffff81ecb6f0 T do_syscall_64
`;

describe('readTargetFacts', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'lpl-facts-'));
    writeFileSync(join(directory, 'kallsyms'), kallsyms);
    writeFileSync(join(directory, 'patchable'), '__do_sys_getppid\n');
  });
  after(() => rmSync(directory, { recursive: true }));

  it('knows that ftrace can redirect a function under each of its names, and no other', async () => {
    const files = { kallsyms: join(directory, 'kallsyms'), patchableFunctions: join(directory, 'patchable') };
    const { patchable } = await readTargetFacts(files);
    for (const name of ['__do_sys_getppid', '__x64_sys_getppid', '__ia32_sys_getppid']) assert.ok(patchable.has(name));
    assert.ok(!patchable.has('do_syscall_64'));
  });
});
