// Runs VS Code's own server on a loopback port.

import { join } from 'node:path';
import type { Argv } from '../../../lab/src/core/command.ts';
import { LabError } from '../../../lab/src/core/error.ts';
import { runCommand } from '../../../lab/src/core/process.ts';
import { raceSignal, withDeadline } from '../../../lab/src/core/wait.ts';
import type { StandIn } from './install-stand-in.ts';

export type ServerOptions = {
  standIn: StandIn;
  userDataDir: string;
  extensionsDir: string;
  /** Extra flags of server-main.js. */
  flags: readonly string[];
  /** Ends the server. */
  signal: AbortSignal;
  onLine: (line: string) => void;
};

export type VscodeServer = {
  /** `127.0.0.1:PORT`. */
  authority: string;
  /** Settles when the server has gone, whatever the reason. */
  ended: Promise<void>;
};

const startMs = 180_000;

/** Starts the server and waits until it listens on a port that the host kernel chose. */
export async function startVscodeServer(options: ServerOptions): Promise<VscodeServer> {
  let onPort: (port: string) => void;
  const port = new Promise<string>((resolve) => (onPort = resolve));
  const onLine = (line: string) => {
    options.onLine(line);
    const found = /^Server bound to 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (found) onPort(found);
  };
  const command = { argv: serverArgv(options), env: serverEnv(process.env) };
  const ended = runCommand(command, { signal: options.signal, timeoutMs: 3_600_000, onLine }).then(
    () => undefined,
    (error: unknown) => void (options.signal.aborted || options.onLine(String(error))),
  );
  const early = ended.then(() => {
    throw new LabError('command.failed', "VS Code's server ended before it listened");
  });
  early.catch(() => undefined);
  const listening = withDeadline(Promise.race([port, early]), "VS Code's server", startMs);
  return { authority: `127.0.0.1:${await raceSignal(listening, options.signal)}`, ended };
}

function serverArgv({ standIn, userDataDir, extensionsDir, flags }: ServerOptions): Argv {
  return [
    ...([standIn.node, join(standIn.server, 'out/server-main.js')] as const),
    ...['--host', '127.0.0.1', '--port', '0', '--without-connection-token', '--accept-server-license-terms'],
    ...['--server-data-dir', userDataDir, '--user-data-dir', userDataDir, '--extensions-dir', extensionsDir],
    ...['--telemetry-level', 'off', '--reconnection-grace-time', '5'],
    // If we are killed outright, the server ends itself a few minutes later. Never `-without-delay`: it races with the exit report.
    '--enable-remote-auto-shutdown',
    ...flags,
  ];
}

/** The extension host inherits this; variables of an enclosing VS Code or Electron would confuse it. */
function serverEnv(env: NodeJS.ProcessEnv): Record<string, string> {
  const foreign = /^(VSCODE_(?!TEST_)|ELECTRON_|NODE_OPTIONS$)/;
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) => value !== undefined && !foreign.test(name)),
  ) as Record<string, string>;
}
