// Runs a program as on a host that forbids user namespaces: in one that allows no further ones, and without the
// capabilities that would do instead.

const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "$@"';

/** Argv. */
export const withoutNamespaces = (...argv: string[]): [file: string, ...args: string[]] => [
  ...(['unshare', '--user', '--map-root-user', 'sh', '-c', forbid, 'sh'] as const),
  ...argv,
];
