import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import ssh2 from 'ssh2';
import { encodeOpensshKey, makeOpensshKey } from '../../../../lab/src/vm/guest/openssh-key.ts';

describe('OpenSSH keys', () => {
  it('are read back by ssh2, and sign', () => {
    const { privateKey, publicKey } = makeOpensshKey('a comment');
    const parsed = ssh2.utils.parseKey(privateKey);
    assert.ok(!(parsed instanceof Error));
    assert.equal(parsed.comment, 'a comment');
    assert.equal(publicKey, `ssh-ed25519 ${parsed.getPublicSSH().toString('base64')} a comment`);
    const signature = parsed.sign('data');
    const reader = ssh2.utils.parseKey(publicKey);
    assert.ok(!(reader instanceof Error) && reader.verify('data', signature));
  });

  // The one in 256 that ssh2's own generator writes a byte short.
  for (const part of ['d', 'x'] as const)
    it(`keep a leading zero byte of ${part === 'd' ? 'the private' : 'the public'} key`, () => {
      for (;;) {
        const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
        if (Buffer.from(jwk[part] ?? '', 'base64url')[0] !== 0) continue;
        const [seed, point] = [jwk.d, jwk.x].map((text) => Buffer.from(text ?? '', 'base64url'));
        assert.ok(seed && point);
        const { privateKey } = encodeOpensshKey({ seed, point, comment: '' });
        assert.ok(!(ssh2.utils.parseKey(privateKey) instanceof Error));
        return;
      }
    });
});
