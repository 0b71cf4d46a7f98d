// Reads /sys/kernel/livepatch of a guest, by what the kernel offers there (Documentation/ABI/testing/sysfs-kernel-livepatch):
// `replace` came with 6.14 or so, `stack_order` with 6.15; older kernels simply lack the files.

import { LabError } from '../core/error.ts';
import type { Guest } from '../vm/guest/guest.ts';

export type KlpObject = {
  name: string;
  patched: boolean;
  /** `NAME` or, for a duplicate, `NAME,POSITION` */ functions: string[];
};

export type KlpPatch = {
  name: string;
  enabled: boolean;
  transition: boolean;
  /** Undefined when the kernel does not tell. */
  replace?: boolean;
  stackOrder?: number;
  objects: KlpObject[];
};

/** The sysfs directory of a livepatch. Throws `usage.invalid` for what cannot be a module name. */
export function klpDirectory(module: string): string {
  if (!/^[A-Za-z0-9_]{1,56}$/.test(module))
    throw new LabError('usage.invalid', `${JSON.stringify(module)} is not the name of a loaded module`, {
      hint: 'write it as in /sys/module: letters, digits and _',
    });
  return `/sys/kernel/livepatch/${module}`;
}

/** All livepatches of the guest. Rejects with `guest.command-failed` when it has no livepatching. */
export async function readKlpStatus(guest: Guest, signal: AbortSignal): Promise<KlpPatch[]> {
  const { stdout, stderr, exitCode } = await guest.script(statusScript, { signal });
  if (exitCode !== 0)
    throw new LabError('guest.command-failed', `${guest.name} has no /sys/kernel/livepatch: ${stderr.trim()}`, {
      hint: 'its kernel lacks CONFIG_LIVEPATCH',
    });
  return parseKlpStatus(stdout);
}

// One word and its value a line; objects and functions belong to what was named last.
const statusScript = `
cd /sys/kernel/livepatch
for patch in */; do
  [ -d "$patch" ] || continue
  echo "patch \${patch%/}"
  for key in enabled transition replace stack_order; do
    [ -r "$patch$key" ] && read -r value < "$patch$key" && echo "$key $value" || true
  done
  for object in "$patch"*/; do
    [ -d "$object" ] || continue
    name=\${object#"$patch"}
    echo "object \${name%/}"
    [ -r "\${object}patched" ] && read -r value < "\${object}patched" && echo "patched $value" || true
    for function in "$object"*/; do
      [ -d "$function" ] || continue
      name=\${function#"$object"}
      echo "function \${name%/}"
    done
  done
done
`;

/** Parses the output of the status script. */
export function parseKlpStatus(text: string): KlpPatch[] {
  const patches: KlpPatch[] = [];
  for (const line of text.split('\n')) {
    const [word = '', value = ''] = line.split(' ');
    const patch = patches.at(-1);
    if (word === 'patch') patches.push({ name: value, enabled: false, transition: false, objects: [] });
    else if (patch) addFact(patch, word, value);
  }
  return patches;
}

function addFact(patch: KlpPatch, word: string, value: string): void {
  const object = patch.objects.at(-1);
  if (word === 'enabled') patch.enabled = value === '1';
  else if (word === 'transition') patch.transition = value === '1';
  else if (word === 'replace') patch.replace = value === '1';
  else if (word === 'stack_order') patch.stackOrder = Number(value);
  else if (word === 'object') patch.objects.push({ name: value, patched: false, functions: [] });
  else if (word === 'patched' && object) object.patched = value === '1';
  else if (word === 'function' && object) object.functions.push(symbolOf(value));
}

/** sysfs says `NAME,POSITION`; position 1 (and 0) is the only or first symbol of that name. */
function symbolOf(value: string): string {
  return value.replace(/,[01]$/, '');
}
