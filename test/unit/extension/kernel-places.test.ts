// Code that a line of a kernel log names.

import assert from 'node:assert/strict';
import { type KernelPlace, kernelPlaces } from '../../../extension/src/links/kernel-places.ts';

const shown = (text: string) =>
  kernelPlaces(text).map((place: KernelPlace) => [
    text.slice(place.start, place.start + place.length),
    'file' in place ? place.line : place.function,
  ]);

describe('kernelPlaces', () => {
  it('finds functions of a stack trace, under the name that the source has', () => {
    assert.deepEqual(shown('[    9.1]  ? cmdline_proc_show.isra.0+0x1a/0x40 [livepatch_x]'), [
      ['cmdline_proc_show.isra.0', 'cmdline_proc_show'],
    ]);
    assert.deepEqual(shown('RIP: 0010:vfs_read+0x10/0x350'), [['vfs_read', 'vfs_read']]);
  });

  it('finds files with a line', () => {
    assert.deepEqual(shown('WARNING: CPU: 1 PID: 7 at fs/proc/cmdline.c:14 f+0x1/0x2'), [
      ['fs/proc/cmdline.c:14', 14],
      ['f', 'f'],
    ]);
  });

  it('finds nothing where there is nothing', () => {
    for (const text of ['up 12:14', 'see /etc/x.conf:3', 'RAX: 0000+0x10', '/home/x/fs/a.c:1'])
      assert.deepEqual(shown(text), []);
  });
});
