// Makes an overlay and tells, as JSON, the code and message of what went wrong and what is in its directory afterwards.
//   node --import tsx make-overlay.ts LAB_ROOT BACKING PATH

import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { asLabError } from '../../lab/src/core/error.ts';
import { createOverlay } from '../../lab/src/vm/image/overlay.ts';

const [labRoot = '', backing = '', path = ''] = process.argv.slice(2);
const outcome = await createOverlay({ labRoot, backing, path }, new AbortController().signal).then(
  () => ({}),
  (error: unknown) => ({ code: asLabError(error).code, message: asLabError(error).message }),
);
console.log(JSON.stringify({ ...outcome, left: readdirSync(dirname(path)) }));
