// Keys of one instance: the guest's host key, made for this machine alone and pinned, and the lab's client key.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../core/error.ts';
import { runCommand } from '../core/process.ts';
import type { InstanceFiles } from './instance-files.ts';
import { labRootArgv } from './lab-root.ts';
import { makeOpensshKey } from './openssh-key.ts';

/** What goes into the guest. */
export type SshKeys = {
  /** authorized_keys. */
  authorized: string;
  /** The private host key in dropbear's own format. */
  hostKey: Uint8Array;
};

/** Makes both key pairs anew in the instance directory, files 0600. The host's copy of the private host key is removed. */
export async function makeSshKeys(
  { labRoot, files }: { labRoot: string; files: InstanceFiles },
  signal: AbortSignal,
): Promise<SshKeys> {
  const client = makeOpensshKey('livepatch-lab');
  const scratch = join(files.directory, 'host-key');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { mode: 0o700 });
  const hostKeyPath = join(scratch, 'key');
  const hostPublic = await runCommand(
    {
      argv: labRootArgv(labRoot, 'usr/bin/dropbearkey', '-t', 'ed25519', '-f', hostKeyPath),
      parse: ({ stdout }) => /^ssh-ed25519 \S+/m.exec(stdout)?.[0],
    },
    { signal, timeoutMs: 10_000 },
  );
  if (!hostPublic) throw new LabError('bug', 'dropbearkey printed no public key');
  const hostKey = await readFile(hostKeyPath);
  await rm(scratch, { recursive: true });
  const options = { mode: 0o600 };
  await Promise.all([
    writeFile(files.sshKey, client.privateKey, options),
    writeFile(files.sshHostKeyPub, `${hostPublic}\n`, options),
  ]);
  return { authorized: `${client.publicKey}\n`, hostKey };
}

/** The client key and the pinned host key of an instance, for connecting to it. */
export async function readSshKeys(files: InstanceFiles): Promise<{ privateKey: string; hostPublic: string }> {
  const [privateKey, line] = await Promise.all([readFile(files.sshKey, 'utf8'), readFile(files.sshHostKeyPub, 'utf8')]);
  return { privateKey, hostPublic: line.split(' ')[1]?.trim() ?? '' };
}
