// How a suite inside VS Code tells the runner what it found: a unix socket (unix(7)) with one JSON message a line, the
// last of which says that the suite has ended. An exit code cannot say so: VS Code may report 0 for a suite whose
// extension host died half-way (FACTS: false-pass trap).

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type SuiteMessage = { line: string } | { end: SuiteResult };
/** `failures`: what failed, by its full title. */
export type SuiteResult = { passed: number; failed: number; skipped: number; failures: string[] };

export type ReportChannel = {
  /** For the environment of the suite: LPL_REPORT_SOCKET. */
  path: string;
  /** The result, once the suite has said its end; undefined when it vanished before. Asked after VS Code has gone. */
  result(): Promise<SuiteResult | undefined>;
  close(): Promise<void>;
};

/** Listens for one suite, which connects again when its window is reloaded; its lines go to `onLine` as they come. */
export async function openReportChannel(onLine: (line: string) => void): Promise<ReportChannel> {
  const directory = await mkdtemp(join(tmpdir(), 'lpl-report-'));
  const path = join(directory, 'report.sock');
  let result: SuiteResult | undefined;
  const sockets: Socket[] = [];
  const ends: Promise<void>[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    const lines = createInterface({ input: socket }).on('line', (text) => {
      const message = JSON.parse(text) as SuiteMessage;
      if ('line' in message) onLine(message.line);
      else result = message.end;
    });
    ends.push(new Promise((resolve) => lines.once('close', resolve)));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    result: async () => {
      await Promise.all(ends);
      return result;
    },
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
