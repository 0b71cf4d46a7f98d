// Debugs the kernel of a machine: with a debugger extension that is installed, else with gdb in a terminal. The guest stands
// still while the debugger is connected, and goes on when it has ended. Without any debugger there is its console.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import {
  debug,
  type DebugConfiguration,
  type DebugConfigurationProvider,
  type Disposable,
  extensions,
  l10n,
  window,
} from 'vscode';
import { debugType } from '../contributions.ts';
import { pickMachine } from '../machines/pick-machine.ts';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { debugInTerminal, openConsole } from '../terminals/open-terminals.ts';
import { question } from '../tree/question.ts';
import { type DebuggerLaunch, debuggerLaunch, type KnownDebugger, knownDebuggers } from './debugger-launch.ts';

type Configuration = DebugConfiguration & { machine?: string };

/** Registers the type, and lets a guest run again when its debugger has ended. `installed`: types that can be had. */
export function registerKernelDebugger(session: Session, installed = installedDebuggers): Disposable {
  const provider: DebugConfigurationProvider = {
    provideDebugConfigurations: () => [attach()],
    resolveDebugConfiguration: async (folder, configuration: Configuration) => {
      const cwd = folder?.uri.fsPath ?? session.storage;
      return resolve(session, configuration.machine, { cwd, installed: installed() });
    },
  };
  const parts = [
    debug.registerDebugConfigurationProvider(debugType, provider),
    debug.onDidTerminateDebugSession(({ configuration: { livepatchMachine: machine } }) => {
      if (typeof machine !== 'string') return;
      void session.lab.vmResume(machine, question()).catch((error: unknown) => session.log.error(String(error)));
    }),
  ];
  return { dispose: () => parts.forEach((part) => void part.dispose()) };
}

/** Starts a session for that machine, or one that the user picks. */
export async function debugMachine(machine?: string): Promise<boolean> {
  return debug.startDebugging(undefined, { ...attach(), ...(machine ? { machine } : {}) });
}

const attach = (): Configuration => ({
  type: debugType,
  request: 'attach',
  name: l10n.t('Kernel of a machine'),
});

/** Undefined ends the launch: a terminal has taken over, or there is no machine. */
async function resolve(
  session: Session,
  named: string | undefined,
  { cwd, installed }: { cwd: string; installed: readonly KnownDebugger[] },
): Promise<DebuggerLaunch | undefined> {
  const isRunning = ({ state }: { state: string }) => state === 'running';
  const machine = named ?? (await pickMachine(session, l10n.t('Machine to debug'), isRunning))?.name;
  if (!machine) {
    void window.showInformationMessage(l10n.t('No machine runs.'));
    return undefined;
  }
  const title = l10n.t('Opening the gdb stub of {0}', machine);
  const act = { title, equivalent: [['lpl', 'vm', 'gdb', machine]] as const };
  const stub = await runAct(session, act, (ctx) => session.lab.vmGdb(machine, ctx));
  if (!stub) return undefined;
  if (stub.note) void window.showInformationMessage(stub.note);
  for (const type of installed) {
    const launch = debuggerLaunch(type, { ...stub, machine, cwd });
    if (launch) return { ...launch, livepatchMachine: machine };
  }
  const [gdb] = stub.argv;
  if (isOnPath(gdb)) {
    debugInTerminal(session, machine, stub.argv);
    return undefined;
  }
  void window.showWarningMessage(
    l10n.t('There is no {0} on this host, so the console of {1} was opened.', gdb, machine),
  );
  await openConsole(session, machine);
  return undefined;
}

const isOnPath = (program: string) =>
  (process.env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)));

function installedDebuggers(): KnownDebugger[] {
  type Manifest = { contributes?: { debuggers?: { type: string }[] } };
  const types = extensions.all.flatMap(({ packageJSON }) =>
    ((packageJSON as Manifest).contributes?.debuggers ?? []).map(({ type }) => type),
  );
  return knownDebuggers.filter((type) => types.includes(type));
}
