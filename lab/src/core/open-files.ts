// Which files below a directory the processes of this user have open, mapped or in their command line: QEMUs outlive the lpl
// that started them, and tell nobody what they read.

import { readdir, readFile, readlink } from 'node:fs/promises';

export type OpenFile = { path: string; pid: number };

/** Every such path, as /proc(5) shows it; processes that end meanwhile, or are somebody else's, are passed over. */
export async function openFilesBelow(directory: string): Promise<OpenFile[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(pids.map(async (pid) => pathsOf(`/proc/${pid}`, directory)));
  return pids.flatMap((pid, index) => [...new Set(found[index])].map((path) => ({ path, pid: Number(pid) })));
}

async function pathsOf(process: string, directory: string): Promise<string[]> {
  const read = (name: string) => readFile(`${process}/${name}`, 'utf8').catch(() => '');
  const fds = await readdir(`${process}/fd`).catch(() => []);
  const links = [...fds.map((fd) => `fd/${fd}`), 'cwd', 'exe'];
  const targets = links.map((name) => readlink(`${process}/${name}`).catch(() => ''));
  const [cmdline, maps, ...opened] = await Promise.all([read('cmdline'), read('maps'), ...targets]);
  return [
    ...pathsIn(`${cmdline}`, directory),
    ...pathsIn(`${maps}`, directory),
    ...pathsIn(opened.join('\n'), directory),
  ];
}

/** Words of a text that begin below a directory; options of QEMU have paths in the middle of words (file=/a/b,if=none). */
export function pathsIn(text: string, directory: string): string[] {
  const paths: string[] = [];
  for (let at = text.indexOf(`${directory}/`); at >= 0; at = text.indexOf(`${directory}/`, at + 1))
    paths.push(/^[^\0\n,:]*/.exec(text.slice(at, at + 4096))?.[0] ?? '');
  return paths;
}
