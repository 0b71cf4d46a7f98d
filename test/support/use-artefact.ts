// Run as a process: asks for an artefact as builds do, says so on its standard output, and lives until it is killed. With
// `make` as its last argument it never finishes making it. Arguments: room, name of the inputs.

import { setTimeout as sleep } from 'node:timers/promises';
import { ensureArtefact } from '../../lab/src/core/artefact.ts';
import { runStage } from '../../lab/src/core/operation.ts';
import { operate } from './operation.ts';

const [room = '', inputs = '', how] = process.argv.slice(2);
const hour = 3600_000;
const request = { room, label: 'used', inputs };

await operate((ctx) =>
  runStage(ctx, { id: 'use', title: 'use' }, (stage) =>
    ensureArtefact(stage, request, async () => {
      if (how !== 'make') return;
      process.stdout.write('making\n');
      await sleep(hour);
    }),
  ),
);
process.stdout.write('using\n');
await sleep(hour);
