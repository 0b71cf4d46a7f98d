// The one error class of the lab, and the closed table of what can go wrong and who can act on it.
// A failing livepatch is a result, never one of these: an error means "we could not find out" (DESIGN 4.1, 4.7).

/** Who can act: the user (change the input), the host (install, permission, disk), the guest (evidence), us (a bug). */
export type Culprit = 'user' | 'host' | 'guest' | 'us';

const culprits = {
  'usage.invalid': 'user',
  'state.locked': 'host',
  'state.newer-format': 'host',
  'state.corrupt': 'host',
  'host.missing-tool': 'host',
  'host.no-space': 'host',
  'host.no-memory': 'host',
  'host.no-room': 'user',
  'host.unwritable': 'host',
  'command.not-found': 'host',
  'command.failed': 'host',
  'packages.unavailable': 'host',
  'kernel.unknown': 'user',
  'kernel.unsupported': 'user',
  'target.in-use': 'user',
  'patch.invalid': 'user',
  'build.failed': 'us',
  'qemu.not-found': 'host',
  'qemu.exited': 'host',
  'qemu.mute': 'host',
  'vm.unknown': 'user',
  'vm.running': 'user',
  'vm.not-running': 'user',
  'vm.boot-timeout': 'guest',
  'vm.dead': 'guest',
  'snapshot.failed': 'host',
  'snapshot.corrupt': 'host',
  'snapshot.unknown': 'user',
  'guest.unreachable': 'guest',
  'guest.command-failed': 'guest',
  'klp.load-rejected': 'guest',
  'klp.unknown': 'user',
  'klp.busy': 'guest',
  'scenario.invalid': 'user',
  'matrix.invalid': 'user',
  'matrix.mismatch': 'user',
  'fleet.unreachable': 'host',
  'fleet.lost': 'host',
  'image.unknown': 'user',
  'image.invalid': 'user',
  'image.in-use': 'user',
  'image.failed': 'host',
  'op.cancelled': 'user',
  'op.timeout': 'host',
  bug: 'us',
} as const satisfies Record<string, Culprit>;

export type LabErrorCode = keyof typeof culprits;

export type LabErrorOptions = {
  /** The next action, imperative, one line. */
  hint?: string;
  /** Structured facts: argv, exit code, the last console lines, the path of a log. */
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
};

/** Message: what was tried, on what, what came back; one line, no trailing period. */
export class LabError extends Error {
  override readonly name = 'LabError';
  readonly code: LabErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: LabErrorCode, message: string, options: LabErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }

  get culprit(): Culprit {
    return culprits[this.code];
  }
}

/** By name, not by prototype, so that two bundles of the lab (CLI and extension) agree. */
export function isLabError(error: unknown, code?: LabErrorCode): error is LabError {
  return (
    error instanceof Error && error.name === 'LabError' && (code === undefined || (error as LabError).code === code)
  );
}

/** What the host's file system refuses is the host's to mend (errno(3)). */
const refusals: Readonly<Record<string, { code: LabErrorCode; hint: string }>> = {
  ENOSPC: { code: 'host.no-space', hint: 'free some space on that file system' },
  EDQUOT: { code: 'host.no-space', hint: 'free some space on that file system' },
  EROFS: { code: 'host.unwritable', hint: 'choose a writable place with XDG_STATE_HOME and XDG_CACHE_HOME' },
  EACCES: { code: 'host.unwritable', hint: 'give yourself access to it, or choose another place' },
};

/** Wraps anything thrown as a LabError; what is neither one already nor the host's refusal is a bug of ours. */
export function asLabError(error: unknown): LabError {
  if (isLabError(error)) return error;
  const { code = '', path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  // What node says of a read-only file system when it was to make parents too.
  const isReadOnly = code === 'ENOENT' && syscall === 'mkdir';
  const refusal = refusals[isReadOnly ? 'EROFS' : code];
  if (refusal) {
    const said = (error as Error).message.replace(/^\w+: /, '').replace(/, \w+( .*)?$/, '');
    const reason = isReadOnly ? 'read-only file system' : said;
    return new LabError(refusal.code, `${syscall ?? 'writing'} ${path ?? 'a file'}: ${reason}`, {
      cause: error,
      hint: refusal.hint,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new LabError('bug', message, { cause: error, hint: 'report this with the log of the run' });
}

/** The error as plain JSON, for events and `--json` output. */
export function errorToJson(error: unknown): { code: LabErrorCode; message: string; hint?: string; culprit: Culprit } {
  const { code, message, hint, culprit } = asLabError(error);
  return { code, message, culprit, ...(hint ? { hint } : {}) };
}
