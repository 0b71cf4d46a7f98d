// A profile made ready for machines to begin on.

import { join } from 'node:path';
import { type OpContext, runStage, type StageContext } from '../../core/operation.ts';
import type { Site } from '../../core/site.ts';
import { ensureRoot } from '../../toolroot/extracted-root.ts';
import { openPackageView } from '../../toolroot/package-view.ts';
import { imageRootRecipe } from '../../toolroot/recipes.ts';
import { type BaseImage, ensureBaseImage } from './base-image.ts';
import { readProfile } from './find-profiles.ts';
import type { DebianProfile, Profile } from './profile.ts';

/** `rootDisk`: base image, in profiles that have one. */
export type GuestProfile = { name: string; memoryMiB: number; rootDisk?: string };

/** The recipe of that name, as it is seen from this site. Throws `image.unknown` or `image.invalid`. */
export function findProfile({ resources, workspace }: Site, name: string): Promise<Profile> {
  return readProfile({ shipped: resources.profiles, workspace }, name);
}

/** Makes the base image if there is to be one and it is not there yet. Rejects as ensureBaseImage does. */
export async function prepareProfile(
  request: { site: Site; labRoot: string; profile: Profile },
  ctx: OpContext,
): Promise<GuestProfile> {
  const { profile } = request;
  const { name, memoryMiB } = profile;
  if (profile.base === 'initramfs') return { name, memoryMiB };
  const { path } = await prepareBaseImage({ ...request, profile }, ctx);
  return { name, memoryMiB, rootDisk: path };
}

/** Rejects as ensureBaseImage does. */
export function prepareBaseImage(
  { site, labRoot, profile }: { site: Site; labRoot: string; profile: DebianProfile },
  ctx: OpContext,
): Promise<BaseImage> {
  const { rooms } = site;
  const view = (stage: StageContext) => openPackageView(stage, rooms.packages, profile.suite);
  const imageRoot = (ctx: OpContext) =>
    runStage(ctx, { id: 'image-root', title: `mmdebstrap of ${profile.suite}` }, (stage) =>
      ensureRoot(stage, rooms.roots, imageRootRecipe(profile.suite), view),
    );
  return ensureBaseImage({ ...baseImagePlace(site), profile, labRoot, view, imageRoot }, ctx);
}

/** Where base images are, and what they are made with. */
export const baseImagePlace = ({ paths, resources }: Site) => ({
  images: join(paths.cache, 'images'),
  recipes: resources.guest,
});
