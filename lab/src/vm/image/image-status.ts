// What both doors show of a guest profile: its recipe, what is built of it, and who uses it. Derived each time.

import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { isLabError } from '../../core/error.ts';
import type { Site } from '../../core/site.ts';
import { readJson } from '../../core/store.ts';
import { type BaseImage, findBaseImage } from './base-image.ts';
import { type FoundProfile, findProfiles } from './find-profiles.ts';
import { baseImagePlace, findProfile } from './guest-profile.ts';
import { readInstanceConfig } from '../instance/instance-record.ts';
import { listInstances } from '../instance/list-instances.ts';
import type { Profile } from './profile.ts';

export type ImageStatus = FoundProfile & {
  /** `none-needed`: the profile has no disk. `invalid`: the recipe cannot be used, for that reason. */
  state: 'built' | 'not-built' | 'none-needed' | 'invalid';
  reason?: string;
  title?: string;
  /** `initramfs`, or a suite. */
  base?: string;
  image?: BaseImage & { /** What it takes on the host. */ diskBytes: number };
  /** Directories in the cache that belong to earlier forms of the recipe. */
  outdated: string[];
  /** Automatic snapshots of machines of this profile. */
  snapshots: { directory: string; diskBytes: number }[];
  /** Names of machines made with it, running or not. */
  machines: string[];
};

/** All profiles, sorted by name. */
export async function listImages(site: Site): Promise<ImageStatus[]> {
  const found = await findProfiles({ shipped: site.resources.profiles, workspace: site.workspace });
  return Promise.all(found.map((profile) => imageStatus(site, profile)));
}

async function imageStatus(site: Site, found: FoundProfile): Promise<ImageStatus> {
  const { name } = found;
  const [recipe, machines, snapshots] = await Promise.all([
    readRecipe(site, name),
    machinesOf(site, name),
    snapshotsOf(site, name),
  ]);
  const built = await builtDirectories(site, name);
  const used = { ...found, machines, snapshots };
  if ('reason' in recipe) return { ...used, ...recipe, outdated: built, state: 'invalid' };
  const { title } = recipe;
  if (recipe.base === 'initramfs') return { ...used, title, base: recipe.base, outdated: built, state: 'none-needed' };
  const image = await findBaseImage({ ...baseImagePlace(site), profile: recipe });
  const diskBytes = image && (await diskBytesOf(image.path));
  const outdated = built.filter((directory) => !image?.path.startsWith(`${directory}/`));
  const about = { ...used, title, base: recipe.suite, outdated };
  return image && diskBytes !== undefined
    ? { ...about, state: 'built', image: { ...image, diskBytes } }
    : { ...about, state: 'not-built' };
}

async function readRecipe(site: Site, name: string): Promise<Profile | { reason: string }> {
  try {
    return await findProfile(site, name);
  } catch (error) {
    if (!isLabError(error, 'image.invalid')) throw error;
    return { reason: error.message };
  }
}

async function machinesOf({ paths }: Site, name: string): Promise<string[]> {
  const instances = await listInstances(paths);
  const configs = await Promise.all(instances.map((files) => readInstanceConfig(files).catch(() => undefined)));
  return instances.filter((_, index) => configs[index]?.profile === name).map((files) => files.name);
}

/** Base images of a profile, of this form of its recipe and of earlier ones. */
async function builtDirectories(site: Site, name: string): Promise<string[]> {
  const { images } = baseImagePlace(site);
  const names = await readdir(images).catch(() => []);
  const own = new RegExp(`^base-${name}-[0-9a-f]{16}$`);
  return names.filter((file) => own.test(file)).map((file) => join(images, file));
}

/** Their label is PROFILE-RELEASE, and a release begins with a digit. */
async function snapshotsOf({ paths }: Site, name: string): Promise<ImageStatus['snapshots']> {
  const room = join(paths.cache, 'snapshots');
  const names = (await readdir(room).catch(() => [])).filter((file) => file.startsWith(`${name}-`));
  const found = names.map(async (file) => {
    const directory = join(room, file);
    const stage = await readJson(join(directory, 'stage.json'), z.object({ label: z.string() })).catch(() => undefined);
    if (!stage || !/^\d/.test(stage.label.slice(name.length + 1))) return [];
    const files = await readdir(directory);
    const sizes = await Promise.all(files.map((each) => diskBytesOf(join(directory, each))));
    return [{ directory, diskBytes: sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0) }];
  });
  const snapshots = (await Promise.all(found)).flat();
  return snapshots.sort((a, b) => basename(a.directory).localeCompare(basename(b.directory)));
}

/** Undefined when there is no such file. */
async function diskBytesOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ blocks }) => blocks * 512,
    () => undefined,
  );
}
