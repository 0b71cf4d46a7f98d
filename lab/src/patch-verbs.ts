// The facade's verbs for patches as files: made of edits, brought into edited source, looked at, checked; part of lab.ts.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { prepareTarget } from './build/prepare-target.ts';
import { LabError } from './core/error.ts';
import { type OpContext, runStage } from './core/operation.ts';
import type { Site } from './core/site.ts';
import { version } from './core/version.ts';
import { checkPatch, type PatchFinding } from './patch/check-patch.ts';
import { directoryPatch } from './patch/directory-patch.ts';
import { commitPatch, gitIdentity } from './patch/git-patch.ts';
import { importPatch, type ImportedPatch } from './patch/import-patch.ts';
import { type FileAfterPatch, patchedFiles, type PatchConflict } from './patch/patched-files.ts';
import { patchMail } from './patch/patch-mail.ts';
import { readPatch } from './patch/read-patch.ts';

/** A file, or a commit of a git repository. */
export type PatchOrigin = { file: string } | { repository: string; commit: string };

export type CreatePatchCommand = {
  /** Edited files at their paths in the kernel tree. */
  directory: string;
  target: string;
  subject: string;
  body: string;
  signOff: boolean;
};

export type ImportPatchCommand = { origin: PatchOrigin; directory: string; target: string; reverse: boolean };

export type CreatedPatch = { patch: string; files: string[]; findings: PatchFinding[] };

export type ShownPatch = {
  /** Text of the patch itself. */
  patch: string;
  files: (FileAfterPatch & { added: number; deleted: number })[];
  conflicts: PatchConflict[];
};

export function patchVerbs(site: Site) {
  const sourceOf = async (target: string, ctx: OpContext) => (await prepareTarget(ctx, site, target)).kernel.source;

  const check = (patch: string, source: string, ctx: OpContext) =>
    runStage(ctx, { id: 'checkpatch', title: "the target's checkpatch.pl" }, () =>
      checkPatch(patch, source, ctx.signal),
    );

  return {
    /** The edits of a directory as a patch to send, signed off by whom git knows, and what checkpatch says of it. */
    patchCreate: async (command: CreatePatchCommand, ctx: OpContext): Promise<CreatedPatch> => {
      const { directory, target, subject, body, signOff } = command;
      const source = await sourceOf(target, ctx);
      const diff = await directoryPatch(directory, source, ctx.signal);
      if (diff === '') throw new LabError('patch.invalid', `nothing in ${directory} differs from ${target}`);
      const files = filesOf(diff);
      const author = await gitIdentity(ctx.signal);
      const parts = { subject, body, signOff, author, diff, files, date: new Date(), tool: `lpl ${version}` };
      const patch = patchMail(parts);
      return { patch, files: files.map(({ path }) => path), findings: await check(patch, source, ctx) };
    },

    /** What scripts/checkpatch.pl of the target says of a patch and its message. */
    patchCheck: async (request: { patch: string; target: string }, ctx: OpContext): Promise<PatchFinding[]> =>
      check(request.patch, await sourceOf(request.target, ctx), ctx),

    /** Brings a patch into edited files, or takes it out: all of it, or nothing and the conflicts. */
    patchImport: async (command: ImportPatchCommand, ctx: OpContext): Promise<ImportedPatch> => {
      const { origin, directory, target, reverse } = command;
      const source = await sourceOf(target, ctx);
      const patch = await readOrigin(origin, ctx);
      return runStage(ctx, { id: 'import', title: reverse ? 'take the patch out' : 'bring the patch in' }, () =>
        importPatch({ patch, directory: resolve(directory), source, reverse }),
      );
    },

    /** Each file that a patch is about before and after it, or where it does not fit the source of the target. */
    patchShow: async (request: { origin: PatchOrigin; target: string }, ctx: OpContext): Promise<ShownPatch> => {
      const source = await sourceOf(request.target, ctx);
      const patch = await readOrigin(request.origin, ctx);
      const files = filesOf(patch);
      const after = await patchedFiles({ files, roots: [source] });
      const counted = after.files.map((file) => ({ ...file, ...countsOf(files, file.path) }));
      return { patch, files: counted, conflicts: after.conflicts };
    },
  };
}

function filesOf(patch: string) {
  const files = readPatch(patch);
  if (Array.isArray(files)) return files;
  throw new LabError('patch.invalid', `that is no unified diff: ${files.kind}`, { hint: '`git diff` makes one' });
}

function countsOf(files: ReturnType<typeof filesOf>, path: string): { added: number; deleted: number } {
  const lines = files.filter((file) => file.path === path).flatMap(({ hunks }) => hunks.flatMap(({ lines }) => lines));
  const count = (kind: 'add' | 'delete') => lines.filter((line) => line.kind === kind).length;
  return { added: count('add'), deleted: count('delete') };
}

async function readOrigin(origin: PatchOrigin, ctx: OpContext): Promise<string> {
  if ('commit' in origin) return commitPatch(origin, ctx.signal);
  return readFile(origin.file, 'utf8').catch((error: unknown) => {
    throw new LabError('patch.invalid', `${origin.file} cannot be read`, {
      cause: error,
      hint: 'give the path of a unified diff',
    });
  });
}
