// From what the user named to the patches of a sweep.

import { resolve } from 'node:path';
import { eachLimited } from '../core/each-limited.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { fullSourceName, resolveSource } from '../kernel/kernel-source.ts';
import { type Choice, chooseItems, patchesOf, type SweepItem } from './sweep-item.ts';
import { differenceOf, differingUnits } from './tree-differences.ts';

/** Everything that differs between two sources, file by file; or the patches of a directory. */
export type SweepInput = { kind: 'versions'; from: string; to: string } | { kind: 'patches'; directory: string };

export type ChosenItems = {
  items: SweepItem[];
  /** Files that the target does not build: nobody needs to try them. */
  notBuilt: string[];
  /** How many there were to choose from. */
  of: number;
};

const atOnce = 8;

/** The input with its sources named in full, so that it means the same wherever lpl runs. Throws as fullSourceName does. */
export async function inputInFull(site: Site, input: SweepInput): Promise<SweepInput> {
  if (input.kind === 'patches') return input;
  return { ...input, from: await fullSourceName(site, input.from), to: await fullSourceName(site, input.to) };
}

/** `input`: in full. `isBuilt`: by the target. Throws `usage.invalid` for what holds no patches, or as resolveSource does. */
export async function readSweepItems(
  ctx: OpContext,
  site: Site,
  { input, choice, isBuilt }: { input: SweepInput; choice: Choice; isBuilt: (path: string) => boolean },
): Promise<ChosenItems> {
  if (input.kind === 'patches') {
    const all = await patchesOf(resolve(input.directory));
    const names = all.map(({ name }) => name);
    const wanted = new Set(chooseItems(names, choice));
    return { items: all.filter(({ name }) => wanted.has(name)), notBuilt: [], of: all.length };
  }
  const from = await resolveSource(ctx, site, input.from);
  const to = await resolveSource(ctx, site, input.to);
  return runStage(
    ctx,
    { id: 'differences', title: `what differs from ${input.from} to ${input.to}` },
    async (stage) => {
      const { sample: _all, ...named } = choice;
      const all = chooseItems(await differingUnits(stage, from, to), named);
      const built = all.filter(isBuilt);
      stage.note(`${all.length} files, ${built.length} of them in the target`);
      const items: SweepItem[] = [];
      await eachLimited(chooseItems(built, choice), atOnce, async (name) => {
        items.push({ name, patch: await differenceOf(stage, name, from, to) });
      });
      items.sort((a, b) => (a.name < b.name ? -1 : 1));
      return { items, notBuilt: all.filter((path) => !isBuilt(path)), of: built.length };
    },
  );
}

/** What the sweep is about, for people. */
export function describeInput(input: SweepInput): string {
  return input.kind === 'versions' ? `${input.from} → ${input.to}` : `patches of ${input.directory}`;
}
