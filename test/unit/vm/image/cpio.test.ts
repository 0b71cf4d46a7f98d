import assert from 'node:assert/strict';
import { parentDirectories, writeCpio } from '../../../../lab/src/vm/image/cpio.ts';

/** Reads newc by the format's own description, as the kernel does. */
function readCpio(bytes: Uint8Array): { name: string; mode: number; content: string; device: number[] }[] {
  const buffer = Buffer.from(bytes);
  const found = [];
  for (let at = 0; at < buffer.length;) {
    if (buffer[at] === 0) {
      at += 4;
      continue;
    }
    assert.equal(buffer.toString('latin1', at, at + 6), '070701');
    const field = (index: number) => parseInt(buffer.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const name = buffer.toString('utf8', at + 110, at + 110 + nameSize - 1);
    const contentAt = at + Math.ceil((110 + nameSize) / 4) * 4;
    found.push({
      name,
      mode,
      content: buffer.toString('utf8', contentAt, contentAt + size),
      device: [field(9), field(10)],
    });
    at = contentAt + Math.ceil(size / 4) * 4;
  }
  return found;
}

describe('cpio', () => {
  const archive = writeCpio([
    { path: 'etc', directory: true },
    { path: 'etc/motd', mode: 0o600, content: Buffer.from('hello') },
    { path: 'bin', linkTo: 'usr/bin' },
    { path: 'dev/console', mode: 0o600, charDevice: [5, 1] },
  ]);

  it('holds every kind of entry', () => {
    assert.deepEqual(readCpio(archive), [
      { name: 'etc', mode: 0o40755, content: '', device: [0, 0] },
      { name: 'etc/motd', mode: 0o100600, content: 'hello', device: [0, 0] },
      { name: 'bin', mode: 0o120777, content: 'usr/bin', device: [0, 0] },
      { name: 'dev/console', mode: 0o20600, content: '', device: [5, 1] },
      { name: 'TRAILER!!!', mode: 0, content: '', device: [0, 0] },
    ]);
  });

  it('may stand behind another one', () => {
    assert.equal(archive.length % 512, 0);
    const second = writeCpio([{ path: 'key', mode: 0o600, content: Buffer.from('k') }]);
    assert.ok(
      readCpio(Buffer.concat([archive, second])).some(({ name, content }) => name === 'key' && content === 'k'),
    );
  });

  it('names parents before children, each once', () => {
    const paths = parentDirectories(['a/b/c', 'a/b/d', 'e/f']).map(({ path }) => path);
    assert.deepEqual(paths, ['a', 'a/b', 'e']);
  });
});
