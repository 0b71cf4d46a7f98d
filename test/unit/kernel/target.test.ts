import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { isLabError } from '../../../lab/src/core/error.ts';
import { formatTargetName, parseStockName, parseTargetName } from '../../../lab/src/kernel/target.ts';

describe('parseStockName', () => {
  it('reads and writes names', () => {
    for (const name of [
      'debian:trixie/cloud-amd64',
      'debian:bookworm/amd64@6.1.192',
      'debian:trixie-backports/cloud-amd64@7.2.12',
    ])
      assert.equal(formatTargetName(parseStockName(name)), name);
  });

  it('refuses what is no name', () => {
    for (const name of [
      '',
      'trixie',
      'tree:',
      'debian:../x/y',
      'debian:trixie/cloud-amd64@',
      'debian:trixie/cloud amd64',
      'debian:trixie/a@-1',
    ])
      assert.throws(
        () => parseStockName(name),
        (error) => isLabError(error, 'kernel.unknown'),
        name,
      );
  });

  it('refuses a build tree', () => {
    assert.throws(
      () => parseStockName('tree:/src/linux'),
      (error) =>
        isLabError(error, 'kernel.unsupported') && /^tree:\/src\/linux .*stock kernels only$/.test(error.message),
    );
  });
});

describe('parseTargetName', () => {
  it('makes the path of a tree absolute', () => {
    assert.deepEqual(parseTargetName('tree:/src/linux/'), { kind: 'tree', path: '/src/linux' });
    assert.deepEqual(parseTargetName('tree:build/x'), { kind: 'tree', path: `${process.cwd()}/build/x` });
    assert.deepEqual(parseTargetName('tree:~/linux'), { kind: 'tree', path: `${homedir()}/linux` });
    assert.deepEqual(parseTargetName('tree:~x'), { kind: 'tree', path: `${process.cwd()}/~x` });
  });
});
