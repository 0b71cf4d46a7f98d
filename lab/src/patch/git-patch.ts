// What the developer's own git is asked: who they are, and the patch of a commit. Nothing of a repository's configuration
// may run: no external diff, no text conversion, no hook, no pager.

import { LabError } from '../core/error.ts';
import { runCommand } from '../core/process.ts';
import type { Identity } from './patch-mail.ts';

/** As `git config` knows them; undefined when it does not. */
export async function gitIdentity(signal: AbortSignal): Promise<Identity | undefined> {
  const ask = async (key: string) => {
    const argv = ['git', 'config', '--get', key] as const;
    return (await runCommand({ argv, okCodes: [0, 1] }, { signal })).stdout.trim();
  };
  const [name = '', email = ''] = await Promise.all([ask('user.name'), ask('user.email')]).catch(() => []);
  return name && email ? { name, email } : undefined;
}

/** The patch of one commit as a mail. Throws `patch.invalid` when the repository has no such commit. */
export async function commitPatch(
  { repository, commit }: { repository: string; commit: string },
  signal: AbortSignal,
): Promise<string> {
  const options = ['--stdout', '--no-color', '--no-ext-diff', '--no-textconv', '--no-signature', '-1'];
  const config = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '--no-pager'];
  const argv = ['git', ...config, '-C', repository, 'format-patch', ...options, '--end-of-options', commit] as const;
  const { stdout } = await runCommand({ argv }, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new LabError('patch.invalid', `${repository} has no commit ${commit}`, {
      cause: error,
      hint: 'name a commit of a git repository, for example HEAD',
    });
  });
  if (stdout) return stdout;
  throw new LabError('patch.invalid', `commit ${commit} changes nothing by itself`, { hint: 'a merge is no patch' });
}
