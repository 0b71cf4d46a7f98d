// A sweep: many independent patches for one target, each built, and loaded into a guest when it built. What each came to is
// on disk at once, so that a sweep which was killed or cancelled goes on where it was.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { contentKey } from '../core/artefact.ts';
import { type OpContext, runStage, runTogether } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { writeJson, writeWhole } from '../core/store.ts';
import { version } from '../core/version.ts';
import { isFullTarget } from '../kernel/kernel-source.ts';
import { defaultTargetName } from '../kernel/target.ts';
import { reapInstances } from '../vm/reap-instances.ts';
import { openBatchQueue } from './batch-queue.ts';
import { batchItemOf } from './build-item.ts';
import { runBuildLane } from './build-lane.ts';
import { type ItemClass, type ItemResult, notInConfig } from './item-result.ts';
import { runProofLane } from './proof-lane.ts';
import { openSweepDirectory } from './sweep-directory.ts';
import { type SweepFigures, sweepFigures } from './sweep-figures.ts';
import { openSweepGround } from './sweep-ground.ts';
import type { Choice, SweepItem } from './sweep-item.ts';
import { describeInput, inputInFull, readSweepItems, type SweepInput } from './sweep-items.ts';
import { sweepPage } from './sweep-page.ts';

export type SweepRequest = Choice & {
  input: SweepInput;
  /** Default: the one whose source the patches are against, or else the newest. */
  target?: string;
  /** Builds at a time; default: as many as there are CPUs. */
  jobs?: number;
  /** Items that ended like this are tried anew. */
  again?: readonly ItemClass[];
  /** The command line that does it again, for the report. */
  equivalent: string;
};

/** `lpl sweep --json`. */
export type SweepSummary = {
  target: string;
  release: string;
  /** How many patches were tried, and how many there were to choose from. */
  tried: number;
  of: number;
  results: ItemResult[];
  figures: SweepFigures;
  /** Directory with one file an item; the report. */
  directory: string;
  report: string;
};

/** One guest for so many livepatches. */
const batchSize = 16;

/** Rejects when cancelled, or when the target cannot be prepared; everything found out until then is kept. */
export async function runSweep(ctx: OpContext, site: Site, request: SweepRequest): Promise<SweepSummary> {
  await reapInstances(site.paths, ctx.signal);
  const input = await inputInFull(site, request.input);
  const from = input.kind === 'versions' && isFullTarget(input.from) ? input.from : defaultTargetName;
  const ground = await openSweepGround(ctx, site, request.target ?? from);
  const { target, release, identity, isBuilt } = ground;
  const { only, sample } = request;
  const choice = { ...(only === undefined ? {} : { only }), ...(sample === undefined ? {} : { sample }) };
  const { items, notBuilt, of } = await readSweepItems(ctx, site, { input, choice, isBuilt });
  const key = contentKey({ input, identity }).slice(0, 8);
  const directory = await openSweepDirectory(join(site.paths.state, 'sweeps', `${release}-${key}`), identity);
  const results = new Map<string, ItemResult>();
  const todo: SweepItem[] = [];
  const built = openBatchQueue<{ item: SweepItem; result: ItemResult }>(batchSize);
  for (const item of items) {
    const kept = await directory.read(item);
    if (kept?.state === 'done' && !request.again?.includes(kept.result.class)) results.set(item.name, kept.result);
    else if (kept?.state === 'built') built.add({ item, result: kept.result });
    else todo.push(item);
  }
  await runStage(ctx, { id: 'sweep', title: `sweep over ${items.length} patches for ${release}` }, async (stage) => {
    const settle = (result: ItemResult) => {
      results.set(result.name, result);
      stage.progress(results.size, items.length, 'files');
      if (result.class !== 'not-in-config') stage.emit({ type: 'line', from: 'lab', text: resultLine(result) });
    };
    stage.note(`${results.size} known from before`);
    const onResult = (item: SweepItem, { state, result }: { state: 'built' | 'done'; result: ItemResult }) =>
      state === 'built' ? built.add({ item, result }) : settle(result);
    const jobs = request.jobs ?? availableParallelism();
    await runTogether(stage, [
      (inner) =>
        runBuildLane({ ground: ground.build, directory, items: todo, jobs, onResult }, inner).finally(built.close),
      (inner) =>
        runProofLane(
          {
            ground: ground.guest,
            next: built.next,
            itemOf: ({ item, result }) => batchItemOf(directory, item, result),
          },
          async ({ item }, result) => {
            if (result.class !== 'unknown') await directory.keep(item, { state: 'done', result });
            if (result.class === 'clean') await directory.dropModule(item);
            settle(result);
          },
          inner,
        ),
    ]);
  });
  const all = [
    ...items.flatMap(({ name }) => results.get(name) ?? []),
    ...notBuilt.map((path) => notInConfig(path, path)),
  ];
  const title = { what: describeInput(input), target, release, tool: `lpl ${version}` };
  const report = join(directory.path, 'report.html');
  await writeWhole(report, sweepPage({ ...title, equivalent: request.equivalent }, all));
  const summary = {
    target,
    release,
    tried: items.length,
    of,
    results: all,
    figures: sweepFigures(all),
    directory: directory.path,
    report,
  };
  await writeJson(join(directory.path, 'sweep.json'), summary);
  return summary;
}

/** What the progress says of an item that is done. */
function resultLine({ name, class: what, reasons, defects }: ItemResult): string {
  const why = defects[0]?.text ?? (reasons[0] ? `${reasons[0].message} [${reasons[0].rule}]` : '');
  return `${what.padEnd(16)} ${name}${why ? `: ${why}` : ''}`;
}
