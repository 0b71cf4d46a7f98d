// The terminals of a machine: its serial console, a root shell over ssh, and gdb on its kernel.

import type { Argv, MachineStatus } from 'livepatch-lab';
import { l10n, type Terminal, window } from 'vscode';
import { pickMachine } from '../machines/pick-machine.ts';
import type { Session } from '../session.ts';
import { question } from '../tree/question.ts';
import { openGuestTerminal } from './guest-terminal.ts';

const scrollbackLines = 200;
const isRunning = ({ state }: MachineStatus) => state === 'running';

/** What it printed last, then both ways while it runs; of a stopped machine, its log. */
export async function openConsole(session: Session, named?: string): Promise<Terminal | undefined> {
  const { lab, log } = session;
  const name = named ?? (await pickMachine(session, l10n.t('Machine whose console to open'), () => true))?.name;
  if (!name) return undefined;
  log.info(`$ lpl vm console ${name}`);
  return openGuestTerminal({
    name: `${name} console`,
    icon: 'vm',
    connect: async ({ signal, say, onLine }) => {
      const ctx = { ...question(), signal };
      const { lines } = await lab.vmConsole(name, scrollbackLines, ctx);
      for (const { text } of lines) say(`${text}\r\n`);
      if (!(await lab.vmList(ctx)).some((machine) => machine.name === name && machine.pid !== undefined))
        return l10n.t('{0} does not run; this was its log', name);
      await lab.vmTerminal(name, ctx, (socket) => {
        onLine({ write: (data) => void socket.write(data) });
        socket.on('data', say);
        return new Promise<void>((resolve) => {
          socket.once('close', () => resolve());
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      });
      return l10n.t('{0} has ended', name);
    },
  });
}

/** A root shell over ssh. */
export async function openShell(session: Session, named?: string): Promise<Terminal | undefined> {
  const { lab, log } = session;
  const name = named ?? (await pickMachine(session, l10n.t('Machine to open a shell in'), isRunning))?.name;
  if (!name) return undefined;
  log.info(`$ lpl vm ssh ${name}`);
  return openGuestTerminal({
    name: `${name} ssh`,
    icon: 'terminal',
    connect: async ({ signal, size, say, onLine }) => {
      const guest = await lab.vmGuest(name, { ...question(), signal });
      try {
        const shell = await guest.shell(size, { signal });
        onLine({
          write: (data) => void shell.input.write(data),
          resize: (columns, rows) => shell.resize({ columns, rows }),
        });
        shell.output.on('data', say);
        signal.addEventListener('abort', () => void guest.close(), { once: true });
        const { exitCode } = await shell.ended;
        return exitCode === undefined
          ? l10n.t('the connection to {0} is gone', name)
          : l10n.t('the shell ended with {0}', exitCode);
      } finally {
        await guest.close();
      }
    },
  });
}

/** gdb on its kernel. The guest stands still while gdb is connected, and goes on when the terminal is closed. */
export function debugInTerminal({ lab, log }: Session, name: string, [shellPath, ...shellArgs]: Argv): Terminal {
  const terminal = window.createTerminal({ name: `${name} gdb`, shellPath, shellArgs });
  const listener = window.onDidCloseTerminal((closed) => {
    if (closed !== terminal) return;
    listener.dispose();
    void lab.vmResume(name, question()).catch((error: unknown) => log.error(String(error)));
  });
  terminal.show();
  return terminal;
}
