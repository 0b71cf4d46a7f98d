import assert from 'node:assert/strict';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deliverParcel, layParcel, withdrawParcel } from '../../../../lab/src/vm/image/parcel.ts';

describe('a parcel', () => {
  let directory: string;
  let path: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lpl-parcel-'));
    path = join(directory, 'parcel.img');
  });
  after(() => rm(directory, { recursive: true }));

  const read = async (offset: number, bytes: number) => {
    const file = await open(path, 'r');
    const { buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, offset);
    await file.close();
    return buffer.toString('latin1');
  };
  const keys = { authorized: 'ssh-ed25519 AAAA x\n', hostKey: Buffer.from('secret') };
  const files = [{ name: 'probe', mode: 0o755, content: Buffer.alloc(100_000, 7) }];

  it('is its owner’s alone, of one size, and tells nothing before it is delivered', async () => {
    await layParcel(path, { hostName: 'web1', keys, files });
    const { mode, size, blocks } = await stat(path);
    assert.equal(mode & 0o777, 0o600);
    assert.equal(size, 64 * 1024 * 1024);
    assert.ok(blocks * 512 < 1024 * 1024, 'sparse');
    assert.match(await read(0, 512), /^-lpl-parcel 2 web1 \n\0+$/);
    assert.match(await read(65_536, 200), /^070701.*etc\/lpl/s);
  });

  it('carries the time of its delivery, and is taken back before a reboot', async () => {
    const from = Date.now();
    await deliverParcel(path);
    const [, seconds, micros] = /^\+lpl-parcel 2 web1 (\d+) (\d+) \n/.exec(await read(0, 512)) ?? [];
    const toldMs = Number(seconds) * 1000 + Number(micros) / 1000;
    assert.ok(toldMs >= from && toldMs <= Date.now());
    await withdrawParcel(path);
    assert.equal(await read(0, 1), '-');
    await deliverParcel(path);
    assert.match(await read(0, 512), /^\+lpl-parcel 2 web1 \d+ \d+ \n/);
  });

  it('says when there is too much for it', async () => {
    const big = [{ name: 'big', mode: 0o644, content: Buffer.alloc(64 * 1024 * 1024) }];
    await assert.rejects(layParcel(path, { hostName: 'web1', keys, files: big }), { code: 'usage.invalid' });
  });
});
