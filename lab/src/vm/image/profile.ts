// A guest profile: what runs around the kernel. `initramfs` profiles have no disk; `debian` ones begin on a base image
// that base-image.ts makes of the recipe (images/profiles/*.yaml, images/profile.schema.json).

import { basename, dirname, resolve } from 'node:path';
import { z } from 'zod';
import { readYaml } from '../../core/read-yaml.ts';

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'use 1 to 32 of a-z, 0-9 and -, not beginning with -')
  .describe('What `lpl vm up --profile` and `lpl image build` call it; also the name of the file');
const title = z.string().min(1).describe('One line for people');
const memoryMiB = z.int().min(192).max(65_536).default(512).describe('Memory of a machine that asks for none');

const fileSchema = z
  .strictObject({
    path: z
      .string()
      .regex(/^(\/(?!\.\.?(\/|$))[^/\0]+)+$/, 'an absolute path without . and ..')
      .describe('Absolute path in the guest'),
    mode: z
      .string()
      .regex(/^0?[0-7]{3}$/, 'three octal digits, quoted')
      .default('0644')
      .describe('Octal, quoted'),
    content: z.string().optional().describe('The text itself'),
    from: z.string().min(1).optional().describe('Or a file, relative to the recipe'),
  })
  .refine(({ content, from }) => (content === undefined) !== (from === undefined), 'give either content or from');

const schema = z.literal(1).describe('Version of this format');

const initramfsSchema = z.strictObject({
  schema,
  name,
  title,
  base: z.literal('initramfs').describe('busybox and an ssh server in memory; no disk'),
  memoryMiB,
});

const debianSchema = z.strictObject({
  schema,
  name,
  title,
  base: z.literal('debian').describe('A Debian root file system on a disk'),
  suite: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .default('trixie')
    .describe('Debian suite, such as trixie'),
  packages: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+:~-]+)?$/, 'not the name of a Debian package'))
    .default([])
    .describe('Installed with what they depend on, beside the essential ones and the ssh server'),
  omit: z
    .array(z.string().regex(/^\/[^\s]+$/, 'an absolute path, may have wildcards'))
    .default([])
    .describe('Paths that are not unpacked (dpkg(1) --path-exclude)'),
  files: z.array(fileSchema).default([]).describe('Files of your own'),
  diskMiB: z.int().min(512).max(65_536).default(4096).describe('Size of the disk the guest sees; takes what is used'),
  memoryMiB,
});

export const profileSchema = z.discriminatedUnion('base', [initramfsSchema, debianSchema]);

/** `path`: the recipe; `from` of its files are absolute. */
export type Profile = z.output<typeof profileSchema> & { path: string };
export type DebianProfile = Extract<Profile, { base: 'debian' }>;

/** Throws `image.invalid` with file and line. `path`: absolute. */
export function parseProfile(text: string, path: string): Profile {
  const { data, wrong } = readYaml(text, path, {
    schema: profileSchema,
    what: 'profile',
    code: 'image.invalid',
    hint: 'see images/profiles for recipes that work, and images/profile.schema.json',
  });
  if (data.name !== basename(path, '.yaml')) throw wrong(`name: ${data.name} is not the name of the file`, ['name']);
  if (data.base === 'initramfs') return { ...data, path };
  const files = data.files.map((file) => (file.from ? { ...file, from: resolve(dirname(path), file.from) } : file));
  return { ...data, files, path };
}
