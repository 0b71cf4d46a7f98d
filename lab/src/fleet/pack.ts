// A directory as one compressed archive and back, so that results come back whole.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import tar from 'tar-fs';

export async function packDirectory(directory: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of tar.pack(directory).pipe(createGzip())) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Unpacks plain files and directories only; tar-fs keeps them inside. */
export async function unpackDirectory(archive: Buffer, directory: string): Promise<void> {
  const plain = (_name: string, header?: tar.Headers) => header?.type !== 'file' && header?.type !== 'directory';
  await pipeline(Readable.from([archive]), createGunzip(), tar.extract(directory, { ignore: plain }));
}
