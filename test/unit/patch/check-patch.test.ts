// What a checkpatch.pl says, as findings. The script is a stand-in that reads its stdin and prints what the real one would;
// the real one is asked in test/vm/build.test.ts.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabError } from '../../../lab/src/core/error.ts';
import { checkPatch } from '../../../lab/src/patch/check-patch.ts';

describe('checkPatch', () => {
  let source: string;
  const script = (text: string) => writeFile(join(source, 'scripts/checkpatch.pl'), text);

  before(async () => {
    source = await mkdtemp(join(tmpdir(), 'lpl-checkpatch-'));
    await mkdir(join(source, 'scripts'));
  });

  after(() => rm(source, { recursive: true }));

  it('reads what it says, and knows its exit codes', async () => {
    await script(
      'my $n = () = <STDIN>; print "-:$n: ERROR:SPACING: no room: here\\n\\nnoise\\n-:1: WARNING:X_Y: z\\n"; exit 1;',
    );
    assert.deepEqual(await checkPatch('a\nb\n', source, AbortSignal.timeout(9000)), [
      { level: 'error', type: 'SPACING', line: 2, message: 'no room: here' },
      { level: 'warning', type: 'X_Y', line: 1, message: 'z' },
    ]);
  });

  it('never takes a script that died for a patch without fault', async () => {
    await script('die "no";');
    await assert.rejects(
      checkPatch('a\n', source, AbortSignal.timeout(9000)),
      (error: LabError) => error.code === 'command.failed',
    );
  });
});
