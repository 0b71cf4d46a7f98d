// The build id of a kernel tells whether an ELF image is that of the kernel that runs: a build tree may have moved on.

import { type NoteKind, noteIn, readElfNote } from './elf-note.ts';

/** NT_GNU_BUILD_ID of elf(5). */
const buildId: NoteKind = { owner: 'GNU', type: 3 };

/** The build id among ELF notes (what /sys/kernel/notes holds), in hexadecimal; undefined when there is none. */
export const buildIdIn = (notes: Buffer): string | undefined => noteIn(notes, buildId)?.toString('hex');

/** The build id of an ELF64 file; undefined when it has none, or there is no such file. */
export const readBuildId = async (path: string): Promise<string | undefined> =>
  (await readElfNote(path, buildId))?.toString('hex');
