// Counts what flows through a stream, for progress.

import { Transform } from 'node:stream';

/** Passes bytes on unchanged and tells how many there were so far, at most ten times a second and at the end. */
export function countBytes(onBytes: (total: number) => void): Transform {
  let [total, toldAt] = [0, 0];
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      const now = performance.now();
      if (now - toldAt > 100) {
        toldAt = now;
        onBytes(total);
      }
      done(null, chunk);
    },
    flush(done) {
      onBytes(total);
      done();
    },
  });
}
