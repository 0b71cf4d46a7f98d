// Keys of one instance: the guest's host key, made for this machine alone and pinned, and the lab's client key.

import { readFile, writeFile } from 'node:fs/promises';
import type { InstanceFiles } from '../instance/instance-files.ts';
import { makeOpensshKey } from './openssh-key.ts';

/** What goes into the guest. */
export type SshKeys = {
  /** authorized_keys. */
  authorized: string;
  /** The private host key in dropbear's own format. */
  hostKey: Uint8Array;
};

/** Makes both key pairs anew; the host keeps the client's private and the guest's public one, files 0600. */
export async function makeSshKeys(files: InstanceFiles): Promise<SshKeys> {
  const client = makeOpensshKey('livepatch-lab');
  const host = makeOpensshKey(files.name);
  const options = { mode: 0o600 };
  await Promise.all([
    writeFile(files.sshKey, client.privateKey, options),
    writeFile(files.sshHostKeyPub, `${host.publicKey}\n`, options),
  ]);
  return { authorized: `${client.publicKey}\n`, hostKey: host.dropbearKey };
}

/** The client key and the pinned host key of an instance, for connecting to it. */
export async function readSshKeys(files: InstanceFiles): Promise<{ privateKey: string; hostPublic: string }> {
  const [privateKey, line] = await Promise.all([readFile(files.sshKey, 'utf8'), readFile(files.sshHostKeyPub, 'utf8')]);
  return { privateKey, hostPublic: line.split(' ')[1]?.trim() ?? '' };
}
