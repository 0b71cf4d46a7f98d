// What must be said against each patch of test/fixtures/patch that cannot be a livepatch.

import type { BuildReason } from '../../lab/src/lab.ts';

/** The line is given by what stands there in the patched file of the target. */
type Refusal = Omit<Partial<BuildReason>, 'line'> & { file: string; line: string };
export const refusals: Record<string, Refusal> = {
  'data-FAIL': { rule: 'DA02', file: 'fs/binfmt_misc.c', line: '.name\t\t= "binfmt_mist",' },
  'export-alone-FAIL': { rule: 'no-change', file: 'fs/namei.c', line: '/* vfs_path_lookup is for built-in code */' },
  'export-type-FAIL': { rule: 'DA09', file: 'fs/namei.c', line: '#include <linux/blkdev.h>' },
  'header-FAIL': { rule: 'DA10', file: 'include/linux/list.h', line: 'list->next = list;' },
  'header-comment-FAIL': {
    rule: 'no-change',
    file: 'include/linux/sched/loadavg.h',
    line: '#define LOAD_INT(x) ((x) >> FSHIFT) /* the whole part */',
  },
  'header-struct-FAIL': { rule: 'DA01', file: 'fs/mount.h', line: 'int lpl_count;' },
  'init-code-FAIL': {
    rule: 'NP05',
    file: 'fs/binfmt_misc.c',
    line: 'pr_info("registered %d\\n", err);',
    function: 'init_misc_binfmt',
  },
  // What lib/ compiles of a header must not stay as it was without a word.
  'header-lib-FAIL': {
    rule: 'NP02',
    file: 'include/linux/crc32poly.h',
    function: '__crc32c_le_shift',
    line: '#define CRC32C_POLY_LE 0x82F63B79',
  },
  'lib-FAIL': { rule: 'NP01', file: 'lib/string_helpers.c', line: '/* changed */' },
  'not-built-FAIL': { rule: 'unit-not-built', file: 'drivers/isdn/mISDN/core.c', line: 'int lpl_dummy;' },
  'notrace-FAIL': {
    rule: 'NP02',
    file: 'kernel/time/timekeeping.c',
    line: 'u64 notrace ktime_get_mono_fast_ns(void)',
    function: 'ktime_get_mono_fast_ns',
  },
  'objtool-FAIL': {
    rule: 'objtool',
    file: 'fs/proc/version.c',
    line: 'static int version_proc_show(struct seq_file *m, void *v)',
    function: 'version_proc_show',
  },
  'removed-caller-FAIL': {
    rule: 'CO11',
    file: 'fs/char_dev.c',
    line: '__register_chrdev_region(unsigned int major, unsigned int baseminor,',
    function: '__register_chrdev_region',
  },
  'section-FAIL': {
    rule: 'kpatch',
    file: 'fs/proc/version.c',
    line: 'static int __ref version_proc_show(struct seq_file *m, void *v)',
    function: 'version_proc_show',
  },
  'sealed-pointer-FAIL': {
    rule: 'CO04',
    file: 'fs/proc/cmdline.c',
    line: '#include <linux/syscalls.h>',
    function: 'ksys_sync',
  },
  'static-local-FAIL': {
    rule: 'DA04',
    file: 'drivers/tty/vt/vt.c',
    line: 'static int last_offset = -1;',
    function: 'complement_pos',
  },
  'static-local-folded-FAIL': {
    rule: 'DA04',
    file: 'drivers/tty/vt/vt.c',
    line: '/* the offset is not kept */',
    function: 'complement_pos',
  },
  'static-folded-FAIL': { rule: 'DA12', file: 'drivers/tty/vt/vt.c', line: '/* the mode is not kept */' },
  'struct-layout-FAIL': { rule: 'DA01', file: 'fs/timerfd.c', line: 'unsigned int polls;' },
  'syntax-error-FAIL': {
    rule: 'does-not-compile',
    file: 'fs/binfmt_misc.c',
    line: 'kfree(e)',
    function: 'put_binfmt_handler',
  },
};
