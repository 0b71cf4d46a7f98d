// Where a line of a kernel log names code: functions of a stack trace, files with a line. Free of vscode.

export type KernelPlace = { start: number; length: number } & ({ function: string } | { file: string; line: number });

/** ` cmdline_proc_show+0x1a/0x40 [livepatch_x]`: the name and nothing behind it (lib/kallsyms.c: sprint_symbol()). */
const frame = /\b([A-Za-z_][\w.]*)\+0x[0-9a-f]+\/0x[0-9a-f]+/g;

/** As WARN() and the compiler print it. */
const place = /(?<![\w./-])((?:[\w-]+\/)+[\w-]+\.[chS]):(\d+)/g;

/** In the order of the line. */
export function kernelPlaces(text: string): KernelPlace[] {
  const frames = [...text.matchAll(frame)].map(({ index, 1: name = '' }) => ({
    ...{ start: index, length: name.length },
    // What the compiler made of a function is found under the name of that function.
    function: name.replace(/\.(?:isra|constprop|part|cold)\b.*$/, ''),
  }));
  const places = [...text.matchAll(place)].map(({ index, 0: whole, 1: file = '', 2: line = '' }) => ({
    ...{ start: index, length: whole.length, file, line: Number(line) },
  }));
  return [...frames, ...places].sort((a, b) => a.start - b.start);
}
