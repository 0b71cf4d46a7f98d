// Which guest profiles there are: those the lab ships, and the user's own in `.livepatch-lab/images` of the directory one
// works in or any above it. The nearest wins by name, so that a workspace may replace what is shipped.

import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LabError } from '../../core/error.ts';
import { parseProfile, type Profile } from './profile.ts';

export type ProfilePlaces = {
  /** `images/profiles` of the repository. */
  shipped: string;
  /** Directory to begin at when looking for the user's own. */
  workspace: string;
};

/** A recipe that cannot be read is found too, with the reason, so that the others can be shown. */
export type FoundProfile = { name: string; path: string; origin: 'shipped' | 'user' };

/** Sorted by name. */
export async function findProfiles(places: ProfilePlaces): Promise<FoundProfile[]> {
  const found = new Map<string, FoundProfile>();
  const rooms = [...userRooms(places.workspace).map((room) => ({ room, origin: 'user' as const }))];
  for (const { room, origin } of [...rooms, { room: places.shipped, origin: 'shipped' as const }])
    for (const file of await readdir(room).catch(() => [])) {
      const name = /^(.+)\.yaml$/.exec(file)?.[1];
      if (name && !found.has(name)) found.set(name, { name, path: join(room, file), origin });
    }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** Throws `image.unknown`, naming those there are, or `image.invalid` with file and line. */
export async function readProfile(places: ProfilePlaces, name: string): Promise<Profile> {
  const all = await findProfiles(places);
  const found = all.find((profile) => profile.name === name);
  if (!found)
    throw new LabError(
      'image.unknown',
      `there is no guest profile ${name}; there are ${all.map((it) => it.name).join(', ')}`,
      {
        hint: `\`lpl image ls\` shows them; your own go to .livepatch-lab/images/NAME.yaml`,
      },
    );
  return parseProfile(await readFile(found.path, 'utf8'), found.path);
}

function userRooms(directory: string): string[] {
  const here = resolve(directory);
  const above = dirname(here) === here ? [] : userRooms(dirname(here));
  return [join(here, '.livepatch-lab/images'), ...above];
}
