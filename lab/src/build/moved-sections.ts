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
