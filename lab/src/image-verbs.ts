// The facade's verbs for guest profiles and their images; part of lab.ts, which is the only door.

import { rm } from 'node:fs/promises';
import { LabError } from './core/error.ts';
import type { OpContext } from './core/operation.ts';
import type { Site } from './core/site.ts';
import { ensureLabRoot } from './kernel/prepare-kernel.ts';
import { verifyBaseImage } from './vm/image/base-image.ts';
import { findProfile, prepareProfile } from './vm/image/guest-profile.ts';
import { type ImageStatus, listImages } from './vm/image/image-status.ts';

export function imageVerbs(site: Site) {
  /** Throws `image.unknown` or `image.invalid`. */
  const statusOf = async (name: string): Promise<ImageStatus> => {
    const found = (await listImages(site)).find((image) => image.name === name);
    // For its error: it names those there are.
    if (!found) await findProfile(site, name);
    return found as ImageStatus;
  };

  return {
    /** Guest profiles, shipped and of the workspace, with what is built of them. */
    imageList: (): Promise<ImageStatus[]> => listImages(site),

    /** Makes what machines of that profile begin on; quick when it is there and whole. */
    imageBuild: async (name: string, ctx: OpContext): Promise<ImageStatus> => {
      const profile = await findProfile(site, name);
      if (profile.base !== 'initramfs')
        await prepareProfile({ site, profile, labRoot: await ensureLabRoot(ctx, site.rooms) }, ctx);
      return statusOf(name);
    },

    /** Reads the whole image. `damage`: one phrase, absent when it is as it was made. Throws `image.unknown`. */
    imageVerify: async (name: string, ctx: OpContext): Promise<{ sha256: string; damage?: string }> => {
      const { image } = await statusOf(name);
      if (!image)
        throw new LabError('image.unknown', `there is no image of profile ${name} to verify`, {
          hint: `\`lpl image build ${name}\``,
        });
      const damage = await verifyBaseImage(image, ctx.signal);
      return { sha256: image.sha256, ...(damage ? { damage } : {}) };
    },

    /** Removes image and snapshots; the recipe stays. Throws `image.in-use`, naming the machines. */
    imageRemove: async (name: string): Promise<{ removed: string[] }> => {
      const { machines, image, outdated, snapshots } = await statusOf(name);
      if (machines.length > 0)
        throw new LabError('image.in-use', `profile ${name} is used by ${machines.join(', ')}`, {
          hint: `\`lpl vm rm ${machines.join(' ')}\` first`,
        });
      const current = image ? [image.path.slice(0, image.path.lastIndexOf('/'))] : [];
      const removed = [...current, ...outdated, ...snapshots.map(({ directory }) => directory)];
      await Promise.all(removed.map((directory) => rm(directory, { recursive: true, force: true })));
      return { removed };
    },
  };
}
