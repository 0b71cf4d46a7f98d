// A patch can make the compiler think a function is unlikely (or no longer so) and move it between .text.F and
// .text.unlikely.F. create-diff-object then takes it for a new function and asks for an ftrace entry of its padding.
// `-fno-reorder-functions` is no cure: it changes how .cold parts are split.

export type MovedSection = { from: string; to: string };

/** Sections of the patched object that the original has under the other name. */
export function movedSections(original: readonly string[], patched: readonly string[]): MovedSection[] {
  const before = new Set(original);
  const after = new Set(patched);
  return [...after].flatMap((from) => {
    if (before.has(from) || !from.startsWith('.text.')) return [];
    const name = /^\.text\.(?:unlikely|hot)\.(.*)$/.exec(from)?.[1];
    const to = name ? `.text.${name}` : `.text.unlikely.${from.slice('.text.'.length)}`;
    return before.has(to) && !after.has(to) ? [{ from, to }] : [];
  });
}

/**
 * The flags of WARN_ONCE and its like. create-diff-object 0.9.10 knows that they may come and go, under the names that these
 * sections had until 6.12 (since then `..` keeps them apart from what -fdata-sections makes of a variable called `once`).
 */
export function onceSections(names: readonly string[]): MovedSection[] {
  const known = names.filter((name) => name === '.data..once' || name === '.data..unlikely');
  return known.map((from) => ({ from, to: from.replace('..', '.') }));
}
