import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readMakefile } from '../../../lab/src/kernel/kbuild-makefile.ts';
import { unitObjects } from '../../../lab/src/kernel/unit-object.ts';

const config = new Map([
  ['NET', 'y'],
  ['TUN', 'm'],
  ['FS', 'y'],
  ['NAT', 'm'],
]);

const makefiles: Record<string, string> = {
  Kbuild: 'obj-y += fs/\nobj-$(CONFIG_NET) += net/\nobj-y += arch/$(SRCARCH)/\nobj-$(CONFIG_SOUND) += sound/\n',
  'fs/Makefile': `# lists over several lines
obj-y :=	open.o \\
		read_write.o
obj-$(CONFIG_FS) += proc/ ext/jbd/
obj-$(CONFIG_TUN) += tunfs.o
obj-$(CONFIG_NONE) += none.o
ifeq ($(CONFIG_FS),y)
obj-y += chosen.o
else
obj-y += other.o
endif
ifdef CONFIG_NONE
obj-y += never.o
endif
ifeq ($(SOMETHING),1)
obj-y += unclear.o
endif
`,
  'fs/proc/Makefile': 'obj-y += proc.o\nproc-y := root.o\nproc-$(CONFIG_NONE) += kcore.o\n',
  'fs/ext/jbd/Makefile': 'obj-m += jbd-core.o\njbd-core-objs := journal.o\n',
  'net/Makefile': 'obj-$(CONFIG_NAT) += nat.o\nnat-y := core.o\nnat-$(subst m,y,$(CONFIG_NAT)) += sub.o\n',
  'arch/x86/Kbuild': 'obj-y += kernel/\n',
  'arch/x86/kernel/Makefile': 'obj-y += traps_$(BITS).o\n',
  'sound/Makefile': 'obj-y += card.o\n',
};

describe('unitObjects', () => {
  let source: string;
  before(() => {
    source = mkdtempSync(join(tmpdir(), 'lpl-kbuild-'));
    for (const [path, text] of Object.entries(makefiles)) {
      mkdirSync(dirname(join(source, path)), { recursive: true });
      writeFileSync(join(source, path), text);
    }
  });
  after(() => rmSync(source, { recursive: true }));

  for (const [path, expected] of [
    ['fs/open.c', 'vmlinux'],
    ['fs/read_write.c', 'vmlinux'],
    ['fs/tunfs.c', 'module tunfs'],
    ['fs/none.c', 'not-built'],
    ['fs/chosen.c', 'vmlinux'],
    ['fs/other.c', 'unknown'],
    ['fs/never.c', 'unknown'],
    ['fs/unclear.c', 'unknown'],
    ['fs/absent.c', 'unknown'],
    ['fs/proc/root.c', 'vmlinux'],
    ['fs/proc/kcore.c', 'not-built'],
    ['fs/ext/jbd/journal.c', 'module jbd_core'],
    ['net/core.c', 'module nat'],
    ['net/sub.c', 'module nat'],
    ['arch/x86/kernel/traps_64.c', 'vmlinux'],
    ['sound/card.c', 'not-built'],
    ['nowhere/x.c', 'unknown'],
  ] as const)
    it(`${path}: ${expected}`, async () => {
      const found = await unitObjects(source, config)(path);
      assert.equal(found.kind === 'module' ? `module ${found.name}` : found.kind, expected);
    });

  it('takes no line of a recipe for a list', () =>
    assert.deepEqual(readMakefile('CFLAGS_x.o += -Wno\ntargets-y\n\t$(CC) -y = 1\n', config), []));
});
