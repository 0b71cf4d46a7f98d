// Names of abstract unix sockets (unix(7)), which the kernel compares over their whole length.

/** sun_path. */
const nameBytes = 108;

/**
 * The name as Node knows it, as long as it can be: libuv before 1.47 pads a shorter one (Node 20), later ones do not (Node 24),
 * and the editor and lpl would not see each other.
 */
export const abstractSocket = (name: string): string => `\0${name}`.padEnd(nameBytes, '\0');
