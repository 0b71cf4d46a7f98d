// Tells, as `code: message`, why no image could be made here; nothing when one could.

import { asLabError } from '../../lab/src/core/error.ts';
import { runStage } from '../../lab/src/core/operation.ts';
import { requireNamespaceRoot } from '../../lab/src/toolroot/host-check.ts';
import { operate } from './operation.ts';

await operate((ctx) =>
  runStage(ctx, { id: 'ask', title: 'ask' }, (stage) => requireNamespaceRoot(stage, 'the image of x')),
).catch((error: unknown) => console.log(`${asLabError(error).code}: ${asLabError(error).message}`));
