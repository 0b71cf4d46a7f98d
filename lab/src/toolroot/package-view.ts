// A private view of one Debian suite's packages: apt with its own state directory, the machine's own mirrors, signature
// checking on, and no influence on the host. Needs no privileges.

import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command, CommandOutput } from '../core/command.ts';
import { isLabError, LabError } from '../core/error.ts';
import { holdDirectory } from '../core/in-use.ts';
import { withLock } from '../core/lock.ts';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { type Mirrors, readMirrors } from './mirrors.ts';

export type PackageView = {
  suite: string;
  /** Directory of the package lists, and the sources.list they belong to. */
  lists: string;
  sources: string;
  /** Wraps an apt command so that it sees this suite and nothing of the host. */
  apt<T = CommandOutput>(command: Command<T>): Command<T>;
};

/** Opens a view when it turns out to be needed, waiting in the stage that needs it. */
export type OpenPackageView = (ctx: StageContext) => Promise<PackageView>;

const freshForMs = 24 * 3600_000;

/**
 * Opens the view of a suite under `room`, fetching package lists if they are missing or a day old. When a refresh fails
 * (offline) and old lists are there, those are used. Throws `packages.unavailable`.
 */
export async function openPackageView(ctx: StageContext, room: string, suite: string): Promise<PackageView> {
  const mirrors = await readMirrors(ctx);
  const sources = sourcesList(mirrors, suite);
  const directory = join(room, `${suite}-${createHash('sha256').update(sources).digest('hex').slice(0, 8)}`);
  await holdDirectory(directory, ctx.signal);
  const config = await writeAptConfig(ctx, directory, sources);
  const apt = <T = CommandOutput>(command: Command<T>): Command<T> => ({
    ...command,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', APT_CONFIG: config },
  });
  await refreshIfStale(ctx, { suite, directory, apt });
  return { suite, apt, lists: join(directory, 'lists'), sources: join(directory, 'sources.list') };
}

/** Fetches the lists unless they are fresh; who waited for somebody else's fetch finds them so. */
async function refreshIfStale(
  ctx: StageContext,
  view: Pick<PackageView, 'suite' | 'apt'> & { directory: string },
): Promise<void> {
  const marker = join(view.directory, 'fresh');
  const age = async () => Date.now() - (await stat(marker).catch(() => ({ mtimeMs: 0 }))).mtimeMs;
  if ((await age()) < freshForMs) return;
  const update = { argv: ['apt-get', 'update', '-q', '--error-on=any'] } as const;
  const wait = { signal: ctx.signal, waitMs: 180_000 };
  await withLock(view.directory, wait, async () => {
    const ageMs = await age();
    if (ageMs < freshForMs) return;
    ctx.waiting(`the package lists of ${view.suite}`);
    try {
      await runCommand(view.apt(update), { signal: ctx.signal, timeoutMs: 180_000 });
      await writeFile(marker, '');
      // What prune-cache.ts takes for the time of the last use; lists that are not used are not refreshed.
      await utimes(view.directory, new Date(), new Date());
    } catch (error) {
      ctx.signal.throwIfAborted();
      const isMissing = ageMs > Date.now() / 2;
      if (!isMissing) return;
      throw listsFailure(view.suite, error);
    }
  });
}

/** Why the lists of a suite could not be fetched, `cause` being what apt-get update ended with. */
export function listsFailure(suite: string, cause: unknown): LabError {
  const { stdout, stderr } = isLabError(cause) ? cause.details : {};
  // Of a mirror that it cannot reach, apt says neither.
  if (/does not have a Release file/.test(String(stderr)) && /^ +404 /m.test(String(stdout)))
    return new LabError('packages.unavailable', `the mirror has no suite ${suite}`, {
      cause,
      hint: '`lpl target ls` shows the targets there are',
    });
  return new LabError('packages.unavailable', `the package lists of ${suite} could not be fetched`, {
    cause,
    hint: 'check the network and the mirror in /etc/apt, then run again',
  });
}

/** The suite with its security updates; backports are a suite of their own (`trixie-backports`) on top of it. */
function sourcesList({ archive, security, keyring }: Mirrors, suite: string): string {
  const line = (uri: string, release: string) => `deb [signed-by=${keyring}] ${uri} ${release} main\n`;
  if (suite === 'sid') return line(archive, 'sid');
  const base = suite.replace(/-backports$/, '');
  const own = line(archive, base) + (security ? line(security, `${base}-security`) : '');
  return base === suite ? own : own + line(archive, suite);
}

async function writeAptConfig(ctx: StageContext, directory: string, sources: string): Promise<string> {
  await mkdir(join(directory, 'lists/partial'), { recursive: true });
  await mkdir(join(directory, 'cache/archives/partial'), { recursive: true });
  const file = (name: string) => join(directory, name);
  await writeIfChanged(file('sources.list'), sources);
  await writeIfChanged(file('status'), '');
  // The machine's proxies and time-outs stay in force; its hooks and its dpkg state do not.
  const acquire = await runCommand({ argv: ['apt-config', 'dump', 'Acquire'] }, { signal: ctx.signal });
  const own: Record<string, string> = {
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::parts': '/dev/null',
    'Dir::Etc::sourcelist': file('sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State': directory,
    'Dir::State::lists': file('lists'),
    'Dir::State::status': file('status'),
    'Dir::Cache': file('cache'),
    'Dir::Log': directory,
    'APT::Architecture': 'amd64',
    'APT::Install-Recommends': 'false',
    // Fetching into a cache that only this user can enter: apt's own _apt user could not write there.
    'APT::Sandbox::User': 'root',
    'Debug::NoLocking': 'true',
  };
  const text =
    acquire.stdout +
    Object.entries(own)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join('');
  await writeIfChanged(file('apt.conf'), `${text}APT::Architectures { "amd64"; };\n`);
  return file('apt.conf');
}

async function writeIfChanged(path: string, text: string): Promise<void> {
  const old = await readFile(path, 'utf8').catch(() => undefined);
  if (old !== text) await writeFile(path, text);
}
