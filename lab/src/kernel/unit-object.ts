// Which object of a kernel a source file becomes part of, read from its Makefiles and its configuration, without running
// make. Where the Makefiles are more than lists of objects the answer is "unknown", never a guess.

import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Assignment, type KbuildValue, readMakefile } from './kbuild-makefile.ts';

export type UnitObject =
  { kind: 'vmlinux' } | { kind: 'module'; name: string } | { kind: 'not-built' } | { kind: 'unknown' };

/** Reads each Makefile of a source tree at most once. `config`: see readKernelConfig. */
export function unitObjects(source: string, config: ReadonlyMap<string, string>) {
  const known = new Map<string, Promise<Assignment[]>>();
  const makefile = (directory: string) => {
    const read = (name: string) => readFile(join(source, directory, name), 'utf8').catch(() => '');
    const made =
      known.get(directory) ??
      Promise.all([read('Kbuild'), read('Makefile')]).then((texts) => readMakefile(texts.join('\n'), config));
    known.set(directory, made);
    return made;
  };

  /** What the Makefiles above make of a directory. */
  const ofDirectory = async (directory: string): Promise<KbuildValue> => {
    if (directory === '.') return 'y';
    for (let above = dirname(directory); ; above = dirname(above)) {
      const word = `${above === '.' ? directory : directory.slice(above.length + 1)}/`;
      const own = best((await makefile(above)).filter(({ goal, words }) => lists.has(goal) && words.includes(word)));
      // The architecture's Makefile names directories by their whole path.
      const full = above.startsWith('arch/')
        ? (await makefile(above)).filter(({ words }) => words.includes(`${directory}/`))
        : [];
      const value = own ?? best(full);
      if (value !== undefined) return both(await ofDirectory(above), value);
      if (above === '.') return 'unknown';
    }
  };

  /** The unit at that path of the source tree. */
  return async (path: string): Promise<UnitObject> => {
    const lines = await makefile(dirname(path));
    const placed = objectOf(lines, basename(path).replace(/\.c$/, '.o'));
    const value = both(await ofDirectory(dirname(path)), placed.value);
    if (value === 'y') return { kind: 'vmlinux' };
    if (value === 'm') return { kind: 'module', name: placed.name.replace(/\.o$/, '').replaceAll('-', '_') };
    return { kind: value === 'n' ? 'not-built' : 'unknown' };
  };
}

const lists = new Set(['obj', 'core', 'drivers', 'libs', 'net', 'virt']);

/** From the most to the least that can be said of an object that is mentioned several times. */
const order: readonly KbuildValue[] = ['y', 'm', 'unknown', 'n'];

type Placed = { name: string; value: KbuildValue };

/** Follows an object through the composite ones it is part of. */
function objectOf(lines: readonly Assignment[], object: string, depth = 0): Placed {
  const mentions = lines.filter(({ words }) => words.includes(object));
  const own = mentions.filter(({ goal }) => goal === 'obj').map(({ value }): Placed => ({ name: object, value }));
  const parts = mentions.filter(({ goal }) => !lists.has(goal) && `${goal}.o` !== object && depth < 4);
  const wholes = parts.map(({ goal, value }): Placed => {
    const whole = objectOf(lines, `${goal}.o`, depth + 1);
    if (value === 'y') return whole;
    // NAME-m is for the module NAME alone.
    return { ...whole, value: value === 'm' && whole.value !== 'm' ? 'n' : value };
  });
  const all = [...own, ...wholes];
  const found = order.flatMap((value) => all.find((each) => each.value === value) ?? [])[0];
  return found ?? { name: object, value: 'unknown' };
}

/** Of several mentions the one that builds it; undefined when there is none. */
function best(lines: readonly Assignment[]): KbuildValue | undefined {
  return order.find((value) => lines.some((line) => line.value === value));
}

function both(directory: KbuildValue, object: KbuildValue): KbuildValue {
  if (directory === 'n' || object === 'n') return 'n';
  if (directory === 'y') return object;
  return directory === 'm' && object === 'm' ? 'm' : 'unknown';
}
