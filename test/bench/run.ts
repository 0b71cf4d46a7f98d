// `npm run bench [GROUP...] [-- --count N]`: what users wait for, as a table and as one line of JSON, bars beside the figures that
// have one. A missed bar fails nothing:
// machines are shared and noisy. Figures of a document come from here.
//   edits      an edit to a checked module, to a live guest   machines   starts, snapshots, memory; beside them virtme-ng
//   endurance  100 restores and 200 cold boots in a row (asked for by name: it takes half an hour)
//   engines    objdiff beside klp-build and kpatch-build (asked for by name: they build whole kernels, half an hour and more;
//              --tree tree:PATH ...: on these instead of the lab's own small ones)
//   matrix     60 cells beside one by one (asked for by name, 5 minutes; --count: how many cells, --jobs: how many at once)
//   editor     activation, package, dashboard, memory, save to patched kernel in a real VS Code (asked for by name)

import { parseArgs } from 'node:util';
import { openTestLab } from '../support/test-machine.ts';
import { benchEdits } from './edit.ts';
import { benchEditor } from './editor.ts';
import { benchEndurance } from './endurance.ts';
import { benchEngines } from './engines.ts';
import { benchLiveEdits } from './live-edit.ts';
import { benchMachines } from './machines.ts';
import { benchMatrix } from './matrix.ts';
import type { Row } from './measure.ts';
import { benchVirtme } from './virtme.ts';

const usage = `usage: npm run bench [edits|machines|endurance|engines|matrix|editor ...] [-- --count N] [--jobs N] [--tree tree:PATH ...]
Without a name: edits and machines. What each measures: test/bench/run.ts`;

const { values, positionals } = readWords();
const askedForByName = ['endurance', 'engines', 'matrix', 'editor'];
const unknown = positionals.find((name) => !['edits', 'machines', ...askedForByName].includes(name));
if (values.help) {
  console.log(usage);
  process.exit(0);
}
if (unknown !== undefined) endWith(`there is no bench ${unknown}`);
const count = Number(values.count ?? 5);
const wanted = (group: string) =>
  positionals.length === 0 ? !askedForByName.includes(group) : positionals.includes(group);

const rows: Row[] = [];
const scratch = await openTestLab();
try {
  if (wanted('edits')) rows.push(...(await benchEdits(scratch, count)), ...(await benchLiveEdits(scratch, count)));
  if (wanted('machines'))
    rows.push(...(await benchMachines(scratch, count)), ...(await benchVirtme(Math.min(count, 3))));
  if (wanted('endurance')) rows.push(...(await benchEndurance(scratch, 100, 200)));
  if (wanted('engines')) rows.push(...(await benchEngines(scratch, { count, trees: values.tree ?? [] })));
  if (wanted('matrix'))
    rows.push(...(await benchMatrix(Number(values.count ?? 60), values.jobs ? Number(values.jobs) : undefined)));
  if (wanted('editor')) rows.push(...(await benchEditor(count)));
  console.log(JSON.stringify({ schema: 1, node: process.version, rows }));
} finally {
  await scratch.close();
}

function readWords() {
  const options = {
    count: { type: 'string' },
    jobs: { type: 'string' },
    tree: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    endWith((error as Error).message.split('. ')[0]);
  }
}

function endWith(complaint = 'wrong words'): never {
  console.error(`${complaint}\n${usage}`);
  process.exit(2);
}
