// Base images: the read-only disks that root file systems begin on. Cached by recipe; each is called after its own sha256,
// so that an overlay made over another image of the same recipe finds no backing file rather than a wrong one.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { type ArtefactRequest, artefactPath, ensureArtefact } from '../../core/artefact.ts';
import { withLock } from '../../core/lock.ts';
import { type OpContext, runStage, type StageContext } from '../../core/operation.ts';
import { readJson, writeJson } from '../../core/store.ts';
import { imageRootRecipe } from '../../toolroot/recipes.ts';
import { type BaseImageBuild, buildBaseImage, readUserFile } from './build-base-image.ts';

export type BaseImageRequest = BaseImageBuild & {
  /** Directory where images are cached. */
  images: string;
};

/** What decides where an image is. */
type BaseImagePlace = Pick<BaseImageRequest, 'profile' | 'recipes' | 'images'>;

const recordSchema = z.object({
  sha256: z.string(),
  sizeBytes: z.number(),
  mtimeMs: z.number(),
  /** Host time, ms since the epoch. */
  builtAt: z.number(),
});

export type BaseImage = z.output<typeof recordSchema> & { path: string };

/**
 * The image of that profile, made on first use. One whose size or time of change is not what was written down is hashed;
 * when that differs too, it is made anew, with a note. (A change that leaves both alone is seen by verifyBaseImage.)
 * Rejects as buildBaseImage does.
 */
export function ensureBaseImage(request: BaseImageRequest, ctx: OpContext): Promise<BaseImage> {
  const { name } = request.profile;
  return runStage(ctx, { id: 'base-image', title: `Base image of ${name}` }, async (stage) => {
    const artefact = await baseImageArtefact(request);
    const directory = artefactPath(artefact);
    await withLock(`${directory}/check`, { signal: stage.signal, waitMs: 60_000 }, async () => {
      const damage = await findImageDamage(directory, 'when-changed', stage.signal);
      if (!damage) return;
      stage.note(`the image was damaged (${damage}) and is made anew`);
      await rm(directory, { recursive: true, force: true });
    });
    await ensureArtefact(stage, artefact, (temporary) => makeImage(request, temporary, stage));
    const image = await readBaseImage(directory);
    return image as BaseImage;
  });
}

/** What is built of that recipe now; undefined when it is not. */
export async function findBaseImage(place: BaseImagePlace): Promise<BaseImage | undefined> {
  return readBaseImage(await baseImageDirectory(place));
}

/** Where it is or will be. */
export async function baseImageDirectory(place: BaseImagePlace): Promise<string> {
  return artefactPath(await baseImageArtefact(place));
}

/** Reads the whole image. One phrase about what is wrong; undefined when it is as it was made. */
export function verifyBaseImage(image: BaseImage, signal: AbortSignal): Promise<string | undefined> {
  return findImageDamage(join(image.path, '..'), 'always', signal);
}

async function baseImageArtefact({ profile, recipes, images }: BaseImagePlace): Promise<ArtefactRequest> {
  const { name, suite, packages, omit, diskMiB } = profile;
  const hooks = join(recipes, 'hooks');
  const scripts = (await readdir(hooks)).sort().map(async (file) => [file, digest(await readFile(join(hooks, file)))]);
  const files = profile.files.map(async ({ path, mode, content, from }) => [
    path,
    mode,
    digest(content ?? (await readUserFile(profile, from ?? ''))),
  ]);
  const inputs = {
    format: 1,
    ...{ suite, packages, omit, diskMiB },
    files: await Promise.all(files),
    hooks: await Promise.all(scripts),
    tools: imageRootRecipe(suite),
  };
  return { room: images, label: `base-${name}`, inputs };
}

async function makeImage(request: BaseImageRequest, directory: string, ctx: StageContext): Promise<void> {
  const fresh = join(directory, 'fresh.qcow2');
  await buildBaseImage(request, { image: fresh, scratch: join(directory, 'scratch') }, ctx);
  ctx.waiting('its checksum');
  const sha256 = await hashFile(fresh, ctx.signal);
  const path = imagePath(directory, sha256);
  await rename(fresh, path);
  const { size, mtimeMs } = await stat(path);
  await writeJson(recordPath(directory), { sha256, sizeBytes: size, mtimeMs, builtAt: Date.now() });
}

async function readBaseImage(directory: string): Promise<BaseImage | undefined> {
  const record = await readJson(recordPath(directory), recordSchema);
  return record && { ...record, path: imagePath(directory, record.sha256) };
}

async function findImageDamage(
  directory: string,
  hash: 'always' | 'when-changed',
  signal: AbortSignal,
): Promise<string | undefined> {
  const exists = await stat(directory).catch(() => undefined);
  if (!exists) return undefined;
  const image = await readBaseImage(directory).catch(() => undefined);
  if (!image) return 'its record is missing';
  const found = await stat(image.path).catch(() => undefined);
  if (!found) return 'the file is missing';
  if (found.size !== image.sizeBytes) return `it has ${found.size} bytes of ${image.sizeBytes}`;
  if (hash === 'when-changed' && found.mtimeMs === image.mtimeMs) return undefined;
  if ((await hashFile(image.path, signal)) !== image.sha256) return 'its checksum is another';
  // Copied or touched, but whole: looked at again only when that changes.
  const { path: _path, ...record } = image;
  if (found.mtimeMs !== image.mtimeMs) await writeJson(recordPath(directory), { ...record, mtimeMs: found.mtimeMs });
  return undefined;
}

async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest('hex');
}

const digest = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
const imagePath = (directory: string, sha256: string): string => join(directory, `${sha256.slice(0, 16)}.qcow2`);
const recordPath = (directory: string): string => join(directory, 'image.json');
