// Hand-written modules for the test target: those of the lab's own selfcheck, and test/fixtures/modules with known faults.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePlainModule } from '../../lab/src/build/link/plain-module.ts';
import { runStage } from '../../lab/src/core/operation.ts';
import { labPaths } from '../../lab/src/core/paths.ts';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import { operate } from './operation.ts';
import { testBuildTree, testKernel } from './stock-kernel.ts';

const root = join(import.meta.dirname, '../..');

/** The .ko of NAME.c. */
export async function buildTestModule(name: string): Promise<Uint8Array> {
  const [tree, { release, artefact }] = await Promise.all([testBuildTree(), testKernel()]);
  const places = ['lab/selfcheck', 'test/fixtures/modules'].map((place) => join(root, place, `${name}.c`));
  const sourceFile = places.find((place) => existsSync(place)) ?? name;
  const request = { room: cacheRooms(labPaths()).programs, kernel: { ...tree, release, artefact }, sourceFile };
  const path = await operate((ctx) =>
    runStage(ctx, { id: 'module', title: name }, (stage) => ensurePlainModule(stage, request)),
  );
  return readFile(path);
}
