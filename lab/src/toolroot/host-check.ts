// What the lab needs of the host itself, and how to get it. Everything else it brings along in its own roots.

import { constants } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { isLabError, LabError } from '../core/error.ts';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { namespaceRootOptions } from './sandbox.ts';

/** One line of `lpl doctor`. `next`: the one thing to do about it. */
export type Finding = { id: string; title: string; ok: boolean; said: string; next?: string };

/** Command -> Debian package that has it. */
const tools = {
  bwrap: 'bubblewrap',
  xz: 'xz-utils',
  tar: 'tar',
  setpriv: 'util-linux',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
} as const;

const neededBytes = 8e9;

/** Looks, changes nothing. Never throws for what it finds. */
export async function checkHost(ctx: StageContext, cache: string): Promise<Finding[]> {
  return [
    checkNode(),
    checkArchitecture(),
    await checkTools(ctx),
    await checkSandbox(ctx),
    await checkDisk(cache),
    checkMemory(),
  ];
}

/** Throws `host.missing-tool` for the first finding that stands in the way, with what to do about it. */
export function requireHost(findings: readonly Finding[]): void {
  const bad = findings.find(({ ok }) => !ok);
  if (bad) throw new LabError('host.missing-tool', `${bad.title}: ${bad.said}`, bad.next ? { hint: bad.next } : {});
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return { id: 'node', title: 'Node.js', ok, said: process.version, next: 'install Node.js 20.19 or newer' };
}

function checkArchitecture(): Finding {
  const ok = process.arch === 'x64' && process.platform === 'linux';
  return {
    id: 'arch',
    title: 'host',
    ok,
    said: `${process.platform} ${process.arch}`,
    next: 'the lab runs on Linux x86-64',
  };
}

/** Debian packages whose commands are missing. */
export async function missingPackages(): Promise<string[]> {
  const missing = new Set<string>();
  for (const [tool, debianPackage] of Object.entries(tools))
    if (!(await isExecutable(tool))) missing.add(debianPackage);
  return [...missing];
}

async function isExecutable(tool: string): Promise<boolean> {
  for (const directory of ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']) {
    const found = await access(`${directory}/${tool}`, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

async function checkTools(ctx: StageContext): Promise<Finding> {
  ctx.waiting('host tools');
  const missing = await missingPackages();
  const base = { id: 'tools', title: 'host tools' };
  if (missing.length === 0) return { ...base, ok: true, said: Object.keys(tools).join(', ') };
  return { ...base, ok: false, said: `missing: ${missing.join(', ')}`, next: `sudo ${installArgv(missing).join(' ')}` };
}

/** What installs Debian packages, for root to run or for people to read. */
export const installArgv = (packages: readonly string[]) =>
  ['apt-get', 'install', '--yes', '--no-install-recommends', ...packages] as const;

const userNamespaces = 'install bubblewrap and allow unprivileged user namespaces (sysctl user.max_user_namespaces)';

async function checkSandbox(ctx: StageContext): Promise<Finding> {
  const base = { id: 'sandbox', title: 'sandbox (user namespaces)' };
  const problem = await tryBwrap(ctx, [], ['true']);
  if (problem) return { ...base, ok: false, said: problem, next: userNamespaces };
  const noRoot = await namespaceRootProblem(ctx);
  // Everything but the images works without; so this is no reason to stop.
  const said = noRoot
    ? `bubblewrap works; but no image of a guest profile such as debian can be made: ${noRoot}`
    : 'bubblewrap works';
  return { ...base, ok: true, said };
}

/** Throws `host.missing-tool` unless programs can be run in a sandbox, which all that builds does. */
export async function requireSandbox(ctx: StageContext): Promise<void> {
  const problem = await tryBwrap(ctx, [], ['true']);
  if (problem)
    throw new LabError('host.missing-tool', `no sandbox can be made here: ${problem}`, { hint: userNamespaces });
}

/** Throws `host.missing-tool` unless one can be root of a user namespace and chroot there, as making an image needs. */
export async function requireNamespaceRoot(ctx: StageContext, what: string): Promise<void> {
  const problem = await namespaceRootProblem(ctx);
  if (problem)
    throw new LabError('host.missing-tool', `${what} needs root of a user namespace of its own: ${problem}`, {
      hint: `${userNamespaces}, with all capabilities in them`,
    });
}

const namespaceRootProblem = (ctx: StageContext): Promise<string | undefined> =>
  tryBwrap(ctx, namespaceRootOptions, ['chroot', '/', 'true']);

/** What went wrong; undefined when nothing did. */
async function tryBwrap(
  ctx: StageContext,
  options: readonly string[],
  command: readonly string[],
): Promise<string | undefined> {
  const argv = [
    'bwrap',
    '--unshare-user-try',
    ...options,
    '--unshare-pid',
    '--unshare-net',
    '--ro-bind',
    '/',
    '/',
  ] as const;
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  try {
    await runCommand({ argv: [...argv, ...command], env }, { signal: ctx.signal, timeoutMs: 10_000 });
    return undefined;
  } catch (error) {
    ctx.signal.throwIfAborted();
    return isLabError(error) ? error.message : String(error);
  }
}

async function checkDisk(cache: string): Promise<Finding> {
  await mkdir(cache, { recursive: true });
  const { bavail, bsize } = await statfs(cache);
  const freeBytes = bavail * bsize;
  const ok = freeBytes > neededBytes;
  const said = `${(freeBytes / 1e9).toFixed(0)} GB free at ${cache}`;
  return {
    id: 'disk',
    title: 'disk',
    ok,
    said,
    next: `free ${neededBytes / 1e9} GB, or set XDG_CACHE_HOME to a larger disk`,
  };
}

function checkMemory(): Finding {
  const ok = totalmem() > 2e9;
  return { id: 'memory', title: 'memory', ok, said: `${(totalmem() / 1e9).toFixed(0)} GB`, next: 'the lab needs 2 GB' };
}
