// `lpl vm reset`, `lpl vm down` and `lpl vm rm`: what is done to machines by name, several at once or all.

import type { Command } from 'commander';
import { LabError } from '../../core/error.ts';
import type { OpContext } from '../../core/operation.ts';
import type { Lab } from '../../lab.ts';
import { runCli } from '../run-cli.ts';

type Verb = {
  name: string;
  description: string;
  act: (lab: Lab, machine: string, ctx: OpContext) => Promise<void>;
  /** Which machines `--all` means. */
  fits: (state: string) => boolean;
  /** What to say of a machine afterwards. */
  done: string;
};

const verbs: readonly Verb[] = [
  {
    name: 'reset',
    description: 'press the reset button, and wait until the guest answers again',
    act: (lab, machine, ctx) => lab.vmReset(machine, ctx),
    fits: (state) => state === 'running' || state === 'paused',
    done: 'running',
  },
  {
    name: 'down',
    description: 'end machines; their console logs stay, and `vm up` starts them again',
    act: (lab, machine, ctx) => lab.vmDown(machine, ctx),
    fits: (state) => state !== 'stopped',
    done: 'stopped',
  },
  {
    name: 'rm',
    description: 'end machines and forget them, with all they wrote',
    act: (lab, machine, ctx) => lab.vmRemove(machine, ctx),
    fits: () => true,
    done: 'gone',
  },
];

export function addVmEndCommands(vm: Command, lab: () => Lab): void {
  for (const { name, description, act, fits, done } of verbs)
    vm.command(name)
      .description(description)
      .argument('[NAME...]')
      .option('--all', 'every machine of this user')
      .addHelpText('after', `\nExample:\n  lpl vm ${name} web1`)
      .action((names: string[], options: { all?: boolean }, command: Command) =>
        runCli(`vm ${name}`, command.optsWithGlobals(), async (ctx) => {
          const chosen = await choose(lab(), names, options.all ? fits : undefined, ctx);
          for (const machine of chosen) await act(lab(), machine, ctx);
          const machines = chosen.map((machine) => ({ name: machine, state: done }));
          const text = chosen.map((machine) => `${machine} is ${done}`).join('\n') || 'no machines';
          return { json: { schema: 1, machines }, text };
        }),
      );
}

/** All names must be known before anything is done to the first. */
async function choose(
  lab: Lab,
  names: readonly string[],
  fits: ((state: string) => boolean) | undefined,
  ctx: OpContext,
): Promise<string[]> {
  if (fits && names.length === 0)
    return (await lab.vmList(ctx)).filter(({ state }) => fits(state)).map(({ name }) => name);
  if (fits || names.length === 0)
    throw new LabError('usage.invalid', fits ? 'both names and --all were given' : 'which machine?', {
      hint: 'give names, or --all alone; `lpl vm ls` shows what there is',
    });
  for (const name of names) await lab.vmShow(name, ctx);
  return [...new Set(names)];
}
