// An ed25519 key pair in OpenSSH's formats (openssh: PROTOCOL.key; RFC 8709) and in dropbear's. Not ssh2's generator: ssh2
// 1.17.0 drops a leading zero byte of the key, so that one pair in about 150 cannot be read again.

import { generateKeyPairSync, randomBytes } from 'node:crypto';

export type OpensshKeyPair = {
  /** `-----BEGIN OPENSSH PRIVATE KEY-----`, not encrypted. */
  privateKey: string;
  /** One line: type, key, comment. */
  publicKey: string;
  /** The private key as dropbear reads it (dropbear: src/ed25519.c, buf_put_ed25519_priv_key). */
  dropbearKey: Uint8Array;
};

/** A fresh pair. */
export function makeOpensshKey(comment: string): OpensshKeyPair {
  const { d, x } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return encodeOpensshKey({
    seed: Buffer.from(d ?? '', 'base64url'),
    point: Buffer.from(x ?? '', 'base64url'),
    comment,
  });
}

/** `seed` and `point`: the private and the public key, 32 bytes each (RFC 8032). */
export function encodeOpensshKey({
  seed,
  point,
  comment,
}: {
  seed: Buffer;
  point: Buffer;
  comment: string;
}): OpensshKeyPair {
  const type = Buffer.from('ssh-ed25519');
  const wire = Buffer.concat([string(type), string(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    wire,
    string(Buffer.concat([seed, point])),
    string(Buffer.from(comment)),
  ]);
  // Padded with 1, 2, 3... to the block size of no cipher, which is 8.
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (secret.length % 8)) % 8);
  const none = string(Buffer.from('none'));
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[none, none, string(Buffer.alloc(0)), uint32(1)],
    ...[string(wire), string(Buffer.concat([secret, padding]))],
  ]);
  const lines = body.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    privateKey: ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
    publicKey: `ssh-ed25519 ${wire.toString('base64')} ${comment}`,
    dropbearKey: Buffer.concat([string(type), string(Buffer.concat([seed, point]))]),
  };
}

/** `string` of RFC 4251 5: length and bytes. */
const string = (bytes: Buffer): Buffer => Buffer.concat([uint32(bytes.length), bytes]);

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
