// The facade: the only door to the lab for the CLI and the editor. Nothing here decides; the rooms do.

import { join } from 'node:path';
import { type BuildCommand, buildForTarget } from './build/build-for-target.ts';
import type { BuildResult } from './build/result.ts';
import type { OpContext } from './core/operation.ts';
import { type LabPaths, labPaths } from './core/paths.ts';
import { cacheRooms } from './core/rooms.ts';
import type { Site } from './core/site.ts';
import { disableLivepatch } from './klp/disable-livepatch.ts';
import { type KlpPatch, readKlpStatus } from './klp/klp-status.ts';
import { loadLivepatch } from './klp/load-livepatch.ts';
import { readLivepatchModule } from './klp/module-file.ts';
import { readTransition, type TransitionState } from './klp/transition-state.ts';
import type { TransitionResult } from './klp/transition.ts';
import { unloadLivepatch } from './klp/unload-livepatch.ts';
import { authorVerbs, type ExplainCommand, type LintCommand } from './author-verbs.ts';
import type { FleetCommand } from './fleet/fleet-cells.ts';
import type { RedisAddress } from './fleet/redis.ts';
import type { FleetState } from './fleet/show-fleet.ts';
import type { WorkerCommand } from './fleet/work-for-fleet.ts';
import { cacheVerbs } from './cache-verbs.ts';
import { imageVerbs } from './image-verbs.ts';
import { machineVerbs } from './machine-verbs.ts';
import { patchVerbs } from './patch-verbs.ts';
import { sourceVerbs } from './source-verbs.ts';
import { targetVerbs } from './target-verbs.ts';
import { runSweep, type SweepRequest, type SweepSummary } from './sweep/sweep.ts';
import type { Finding } from './toolroot/host-check.ts';
import { runDemo } from './trial/demo.ts';
import { runDoctor } from './trial/doctor.ts';
import { listCells, type MatrixCells, type MatrixCommand, runMatrix } from './trial/matrix/matrix.ts';
import { type MergeCommand, mergeMatrix } from './trial/matrix/merge.ts';
import type { MatrixSummary } from './trial/matrix/write-reports.ts';
import { type Comparison, compareTrials } from './trial/compare-trials.ts';
import { listTrials, type TrialEntry } from './trial/history.ts';
import { lintScenario, type ScenarioLint } from './trial/lint-scenario.ts';
import { newScenario } from './trial/new-scenario.ts';
import { readTrial } from './trial/read-trial.ts';
import { type ReportOutcome, type ReportRequest, reportTrial } from './trial/report-trial.ts';
import { followPulse, type Pulse } from './trial/pulse.ts';
import { runScenario, type TrialCommand, type TrialSummary } from './trial/run-scenario.ts';
import { type ControlResult, controls, runSelfcheck, type SelfcheckRequest } from './trial/selfcheck/run-selfcheck.ts';
import { attachMachine, type RunningMachine } from './vm/machine.ts';

// What both doors need to run and show operations.
export { type Argv, showArgv } from './core/command.ts';
export { asLabError, isLabError, type LabError } from './core/error.ts';
export type { EventBody, LabEvent } from './core/event.ts';
export { githubAnnotations } from './trial/matrix/report/annotations.ts';
export { type OpContext, runOperation } from './core/operation.ts';
export { emptyOpView, type OpView, reduceEvent, type StageView } from './core/progress.ts';
export { type LabPaths, labPaths } from './core/paths.ts';
export type { LintFinding } from './build/lint/finding.ts';
export type { LintResult } from './build/lint/lint-patch.ts';
export type { BuildEngine, BuildReason, BuildResult } from './build/result.ts';
export type { ExplainCommand, LintCommand };
export type { CachedArtefact } from './kernel/cache-use.ts';
export type { NamedTarget } from './kernel/target-names.ts';
export type { PruneResult } from './kernel/prune-cache.ts';
export type { TargetDescription } from './build/describe-target.ts';
export type { ExplainedFunction, Explanation } from './build/explain/explain-livepatch.ts';
export type { KlpPatch } from './klp/klp-status.ts';
export type { TransitionResult } from './klp/transition.ts';
export type { FleetCommand } from './fleet/fleet-cells.ts';
export type { RedisAddress } from './fleet/redis.ts';
export type { FleetState } from './fleet/show-fleet.ts';
export type { MatrixCells } from './trial/matrix/matrix.ts';
export type { MatrixSummary } from './trial/matrix/write-reports.ts';
export type { TransitionState } from './klp/transition-state.ts';
export type { Comparison } from './trial/compare-trials.ts';
export { type ReportFormat, reportFormats } from './trial/report/render-report.ts';
export type { ScenarioLint } from './trial/lint-scenario.ts';
export type { ControlResult } from './trial/selfcheck/run-selfcheck.ts';
export type { Pulse } from './trial/pulse.ts';
export type { TrialEntry } from './trial/history.ts';
export { type ItemClass, itemClasses } from './sweep/item-result.ts';
export { share } from './sweep/sweep-figures.ts';
export type { SweepInput } from './sweep/sweep-items.ts';
export type { SweepSummary } from './sweep/sweep.ts';
export type { TrialSummary } from './trial/run-scenario.ts';
export type { Guest } from './vm/guest/guest.ts';
export { type Forward, parseForward } from './vm/qemu/forwards.ts';
export type { ConsoleLine } from './vm/console/console-line.ts';
export type { Copied } from './vm/guest/copy-to-guest.ts';
export type { MachineDetails } from './vm/machine-details.ts';
export type { MachineSnapshot } from './vm/machine-snapshots.ts';
export type { ImageStatus } from './vm/image/image-status.ts';
export type { MachineStatus } from './vm/machine-status.ts';
export type { MachineEvent } from './vm/watch-machine.ts';
export { lineInPatch } from './patch/line-in-patch.ts';
export { functionsIn, findDefinition } from './patch/find-function.ts';
export { functionText } from './patch/function-text.ts';
export { type TransitionHazard, transitionHazard } from './build/lint/transition-hazard.ts';
export type { FunctionFacts, FunctionPlace } from './source-verbs.ts';
export type { StalledTask } from './core/event.ts';
export type { PatchFinding } from './patch/check-patch.ts';
export type { ImportedPatch } from './patch/import-patch.ts';
export type { PatchConflict } from './patch/patched-files.ts';
export type { CreatedPatch, PatchOrigin, ShownPatch } from './patch-verbs.ts';

export type { BuildCommand };
export type { KeptMachineRequest as MachineCommand } from './trial/kept-machine.ts';
export type KlpCommand = { vm: string; module: string; timeoutMs?: number };
export type LoadOutcome = { module: string; transition: TransitionResult; patches: KlpPatch[] };

/** Loaded when it is asked for: its packages would cost every other command 0.1 s. */
const fleetRoom = {
  cells: () => import('./fleet/fleet-cells.ts'),
  worker: () => import('./fleet/work-for-fleet.ts'),
  show: () => import('./fleet/show-fleet.ts'),
};

export type Lab = ReturnType<typeof openLab>;

/** Opens the lab; touches nothing yet. `resources`: where the guest recipes and the examples are installed. `workspace`: where the user works. */
export function openLab(options: { paths?: LabPaths; workspace?: string; resources: Site['resources'] }) {
  const paths = options.paths ?? labPaths();
  const { resources, workspace = process.cwd() } = options;
  const site: Site = { paths, rooms: cacheRooms(paths), workspace, resources };

  /** Runs `body` on an attached machine and lets go of it afterwards. */
  const onMachine = async <T>(
    name: string,
    ctx: OpContext,
    body: (machine: RunningMachine) => Promise<T>,
  ): Promise<T> => {
    const machine = await attachMachine({ paths, name }, ctx);
    try {
      return await body(machine);
    } finally {
      await machine.detach();
    }
  };

  return {
    paths,

    doctor: (request: { fix: 'install' | 'report' }, ctx: OpContext): Promise<Finding[]> =>
      runDoctor(ctx, site, request.fix),

    build: (command: BuildCommand, ctx: OpContext): Promise<BuildResult> => buildForTarget(ctx, site, command),

    ...targetVerbs(site),
    ...cacheVerbs(site),
    ...authorVerbs(site),
    ...machineVerbs(site),
    ...imageVerbs(site),
    ...sourceVerbs(site),
    ...patchVerbs(site),

    /** Loads a module (a host path) and follows its transition; a stall is rolled back and is a result. */
    klpLoad: async ({ vm, module, timeoutMs }: KlpCommand, ctx: OpContext): Promise<LoadOutcome> => {
      const { name, content } = await readLivepatchModule(module);
      return onMachine(vm, ctx, async ({ guest }) => {
        const request = { guest, module: name, content, ...(timeoutMs ? { timeoutMs } : {}) };
        const transition = await loadLivepatch(request, ctx);
        return { module: name, transition, patches: await readKlpStatus(guest, ctx.signal) };
      });
    },

    /** The machine's pulse, twenty times a second, until cancelled. Rejects as attaching does. */
    vmPulse: (name: string, ctx: OpContext, onPulse: (pulse: Pulse) => void): Promise<void> =>
      onMachine(name, ctx, (machine) => followPulse(machine, ctx, onPulse)),

    klpStatus: (vm: string, ctx: OpContext): Promise<KlpPatch[]> =>
      onMachine(vm, ctx, ({ guest }) => readKlpStatus(guest, ctx.signal)),

    /** Undefined when that livepatch is in no transition. */
    klpTransition: ({ vm, module }: KlpCommand, ctx: OpContext): Promise<TransitionState | undefined> =>
      onMachine(vm, ctx, ({ guest }) => readTransition(guest, module, ctx.signal)),

    klpDisable: ({ vm, module, timeoutMs }: KlpCommand, ctx: OpContext): Promise<TransitionResult> =>
      onMachine(vm, ctx, ({ guest }) => disableLivepatch({ guest, module, ...(timeoutMs ? { timeoutMs } : {}) }, ctx)),

    /** Disables first when need be. */
    klpUnload: ({ vm, module, timeoutMs }: KlpCommand, ctx: OpContext): Promise<void> =>
      onMachine(vm, ctx, async ({ guest }) => {
        const live = (await readKlpStatus(guest, ctx.signal)).find(({ name }) => name === module);
        if (live?.enabled) await disableLivepatch({ guest, module, ...(timeoutMs ? { timeoutMs } : {}) }, ctx);
        await unloadLivepatch({ guest, module }, ctx);
      }),

    trial: (request: TrialCommand, ctx: OpContext): Promise<TrialSummary> => runScenario(ctx, site, request),

    /** Every patch on every kernel under every workload. */
    matrix: ({ fleet, ...request }: MatrixCommand & { fleet?: FleetCommand }, ctx: OpContext): Promise<MatrixSummary> =>
      runMatrix(
        ctx,
        site,
        request,
        fleet && (async (directory) => (await fleetRoom.cells()).openFleet(fleet, directory)),
      ),

    /** The cells of a matrix file; nothing is run. */
    matrixCells: (file: string): Promise<MatrixCells> => listCells(file),

    /** Runs cells of others' matrices until it is cancelled. */
    worker: async (request: WorkerCommand, ctx: OpContext): Promise<{ worker: string; cells: number }> =>
      (await fleetRoom.worker()).workForFleet(ctx, site, request),

    /** Who works on the fleet of that Redis, and what they can run. */
    fleet: async (redis: RedisAddress): Promise<FleetState> => (await fleetRoom.show()).showFleet(redis),

    /** The shards of one matrix, put together. */
    mergeMatrix: (request: MergeCommand): Promise<MatrixSummary> => mergeMatrix(request),

    /** The newest trials, newest first. */
    trialList: (count: number): Promise<TrialEntry[]> => listTrials(paths, count),

    sweep: (request: SweepRequest, ctx: OpContext): Promise<SweepSummary> => runSweep(ctx, site, request),

    scenarioNew: (directory: string): Promise<string> => newScenario(directory, site),

    scenarioLint: (path: string): Promise<ScenarioLint> => lintScenario(path, site),

    report: (request: ReportRequest, ctx: OpContext): Promise<ReportOutcome> => reportTrial(paths, request, ctx),

    compareTrials: async (before: string, after: string): Promise<Comparison> =>
      compareTrials(await readTrial(paths, before), await readTrial(paths, after)),

    /** Every kind of trouble for real, and whether a trial notices it. */
    selfcheck: (request: SelfcheckRequest, ctx: OpContext): Promise<ControlResult[]> =>
      runSelfcheck(ctx, site, request),

    controls: (): { id: string; title: string; quick: boolean }[] =>
      controls.map(({ id, title, quick = false }) => ({ id, title, quick })),

    demo: (ctx: OpContext): Promise<TrialSummary> =>
      runDemo(ctx, site, join(site.resources.examples, 'security-fixes/demo.yaml')),
  };
}
