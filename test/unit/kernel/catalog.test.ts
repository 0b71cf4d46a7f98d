import assert from 'node:assert/strict';
import { isLabError } from '../../../lab/src/core/error.ts';
import { compareVersions, parseStanzas, pickKernel, readCatalog } from '../../../lab/src/kernel/catalog.ts';

// In the form of `apt-cache show`, shortened to the fields that are read.
const stanzas = parseStanzas(
  `
Package: linux-image-6.12.94+deb13-cloud-amd64
Version: 6.12.94-1
Depends: kmod

Package: linux-headers-6.12.94+deb13-cloud-amd64
Version: 6.12.94-1
Depends: linux-headers-6.12.94+deb13-common (= 6.12.94-1), linux-kbuild-6.12.94+deb13, gcc-14

Package: linux-image-6.12.107+deb13-cloud-amd64
Version: 6.12.107-1
Depends: kmod

Package: linux-headers-6.12.107+deb13-cloud-amd64
Version: 6.12.107-1
Depends: gcc-14

Package: linux-image-6.12.100+deb13-cloud-amd64
Version: 6.12.100-1
Depends: kmod

Package: linux-image-7.2.12+deb13-cloud-amd64
Version: 7.2.12-1~bpo13+1
Depends: linux-base-7.2.12+deb13-cloud-amd64 (= 7.2.12-1~bpo13+1), linux-binary-7.2.12+deb13-cloud-amd64 (= 7.2.12-1~bpo13+1), linux-modules-7.2.12+deb13-cloud-amd64 (= 7.2.12-1~bpo13+1)

Package: linux-headers-7.2.12+deb13-cloud-amd64
Version: 7.2.12-1~bpo13+1
Depends: gcc-14

Package: linux-image-6.1.0-56-cloud-amd64
Version: 6.1.192-2
Depends: kmod, linux-base (>= 4.3~), initramfs-tools (>= 0.120+deb8u2) | linux-initramfs-tool

Package: linux-headers-6.1.0-56-cloud-amd64
Version: 6.1.192-2
Depends: linux-headers-6.1.0-56-common (= 6.1.192-2), linux-kbuild-6.1 (>= 6.1.192-2), linux-compiler-gcc-12-x86

Package: linux-source-6.1
Version: 6.1.192-2

Package: linux-source-6.12
Version: 6.12.107-1

Package: linux-source-6.12
Version: 6.12.94-1

Package: linux-source-7.2
Version: 7.2.12-1~bpo13+1
`.slice(1),
);

describe('readCatalog', () => {
  it('lists what has image, headers and source of one version, newest first', () => {
    const kernels = readCatalog(stanzas, 'trixie', 'cloud-amd64');
    assert.deepEqual(
      kernels.map(({ target }) => target.version),
      ['6.12.107', '6.12.94', '6.1.192'],
    );
    assert.equal(kernels[1]?.compiler, 'gcc-14');
    assert.equal(kernels[1].source, 'linux-source-6.12=6.12.94-1');
  });

  it('finds the compiler of 6.1, whose headers name it by way of another package', () => {
    const kernel = readCatalog(stanzas, 'bookworm', 'cloud-amd64').at(-1);
    assert.equal(kernel?.release, '6.1.0-56-cloud-amd64');
    assert.equal(kernel.compiler, 'gcc-12');
  });

  it('keeps backports in their own suite, with all parts of a split image', () => {
    const [kernel, ...others] = readCatalog(stanzas, 'trixie-backports', 'cloud-amd64');
    assert.deepEqual(others, []);
    assert.equal(kernel?.target.version, '7.2.12');
    assert.equal(kernel.image.length, 4);
  });
});

describe('pickKernel', () => {
  const kernels = readCatalog(stanzas, 'trixie', 'cloud-amd64');
  const target = { suite: 'trixie', flavour: 'cloud-amd64' };

  it('takes the newest without a version, and that version or release with one', () => {
    assert.equal(pickKernel(kernels, target).target.version, '6.12.107');
    assert.equal(pickKernel(kernels, { ...target, version: '6.12.94' }).release, '6.12.94+deb13-cloud-amd64');
  });

  it('takes the newest of a series, and 6.12 for no 6.1', () => {
    assert.equal(pickKernel(kernels, { ...target, version: '6.12' }).target.version, '6.12.107');
    assert.equal(pickKernel(kernels, { ...target, version: '6.1' }).target.version, '6.1.192');
    assert.throws(() => pickKernel(kernels, { ...target, version: '6.12.9' }));
  });

  it('names what there is when there is no such version', () => {
    assert.throws(
      () => pickKernel(kernels, { ...target, version: '6.12.95' }),
      (error) => isLabError(error, 'kernel.unknown') && /6\.12\.107, 6\.12\.94/.test(error.hint ?? ''),
    );
  });
});

describe('compareVersions', () => {
  it('compares numbers, not text', () => {
    assert.ok(compareVersions('6.12.107', '6.12.94') > 0);
    assert.ok(compareVersions('6.12', '6.12.0') < 0);
    assert.equal(compareVersions('7.2.12', '7.2.12'), 0);
  });
});
