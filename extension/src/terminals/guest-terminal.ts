// A VS Code terminal over two streams of bytes: the serial console of a machine, or a root shell in it.

import { StringDecoder } from 'node:string_decoder';
import { type Disposable, EventEmitter, type Pseudoterminal, type Terminal, ThemeIcon, window } from 'vscode';
import { asLabError } from 'livepatch-lab';

export type Line = {
  write: (data: string) => void;
  resize?: (columns: number, rows: number) => void;
};

export type GuestTerminal = {
  name: string;
  icon: string;
  /**
   * Connects, hands the way in to `onLine`, feeds what comes out to `say`, and settles when it is over, with the last words.
   * Aborting `signal` ends it.
   */
  connect: (terminal: {
    signal: AbortSignal;
    size: { columns: number; rows: number };
    say: (text: string | Uint8Array) => void;
    onLine: (line: Line) => void;
  }) => Promise<string>;
};

/** Opens it and shows it. */
export function openGuestTerminal({ name, icon, connect }: GuestTerminal): Terminal {
  const terminal = window.createTerminal({ name, pty: guestPty(connect), iconPath: new ThemeIcon(icon) });
  terminal.show();
  return terminal;
}

/** Closing it ends the connection, never the machine. */
export function guestPty(connect: GuestTerminal['connect']): Pseudoterminal {
  const written = new EventEmitter<string>();
  const closed = new EventEmitter<number | void>();
  const over = new AbortController();
  const decoder = new StringDecoder('utf8');
  let line: Line | undefined;
  const say = (text: string | Uint8Array) =>
    written.fire(typeof text === 'string' ? text : decoder.write(Buffer.from(text)));
  const tell = (text: string) => say(`\r\n\x1b[2m${text}\x1b[0m\r\n`);
  return {
    onDidWrite: written.event,
    onDidClose: closed.event,
    open: (size) => {
      const ends = connect({
        signal: over.signal,
        size: size ?? { columns: 80, rows: 24 },
        say,
        onLine: (opened) => (line = opened),
      });
      ends
        .then(tell, (error: unknown) => !over.signal.aborted && tell(asLabError(error).message))
        .finally(() => {
          line = undefined;
        });
    },
    close: () => {
      over.abort();
      for (const part of [written, closed] satisfies Disposable[]) part.dispose();
    },
    handleInput: (data) => line?.write(data),
    setDimensions: ({ columns, rows }) => line?.resize?.(columns, rows),
  };
}
