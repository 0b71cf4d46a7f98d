// Runs commands inside a toolroot: bubblewrap, own mount/pid/ipc/uts/net namespaces, no network, nothing of the host but
// what is bound. Never a chroot, never a mount in the host's namespace (hard-won: it once filled a disk).

import type { Argv, Command, CommandOutput } from '../core/command.ts';

/** An extracted Debian root (compiler and tools). `path` is read-only by agreement. */
export type Toolroot = {
  path: string;
  /** name and version of the compiler, for reports */ compiler: string;
  /** The name it is called by; `gcc` when absent. */ cc?: string;
};

/** A host directory made visible inside, at the same or another absolute path. */
export type Bind = { host: string; inside?: string; access: 'read' | 'write' };

export type SandboxOptions = {
  toolroot: Toolroot;
  binds: readonly Bind[];
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  /** Default: the caller. `namespace-root`: root over the one user of its user namespace, so that it may chroot. */
  user?: 'caller' | 'namespace-root';
};

const sandboxEnv = { PATH: '/usr/bin:/usr/sbin:/bin:/sbin', HOME: '/tmp', LC_ALL: 'C', TZ: 'UTC' };

/** bubblewrap's options for root of a user namespace, with all that root may do in it. */
export const namespaceRootOptions = ['--uid', '0', '--gid', '0', '--cap-add', 'ALL'] as const;

/** The command, wrapped to run inside the toolroot. Pure. Later binds cover earlier ones. */
export function inToolroot<T = CommandOutput>(command: Command<T>, options: SandboxOptions): Command<T> {
  const { toolroot, binds, cwd, user = 'caller' } = options;
  const argv: Argv = [
    'bwrap',
    ...['--unshare-user-try', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts'],
    ...(user === 'namespace-root' ? namespaceRootOptions : []),
    ...['--die-with-parent', '--new-session', '--clearenv'],
    ...['--ro-bind', `${toolroot.path}/usr`, '/usr', '--ro-bind', `${toolroot.path}/etc`, '/etc'],
    ...['bin', 'sbin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
    ...binds.flatMap(({ host, inside, access }) => [access === 'write' ? '--bind' : '--ro-bind', host, inside ?? host]),
    ...Object.entries({ ...sandboxEnv, ...options.env }).flatMap(([name, value]) => ['--setenv', name, value]),
    ...(cwd ? ['--chdir', cwd] : []),
    '--',
    ...command.argv,
  ];
  const { cwd: _cwd, env: _env, ...rest } = command;
  return { ...rest, argv };
}
