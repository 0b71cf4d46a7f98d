// A first scenario to change: a patch that works on every kernel of the default target, with everything commented that one may
// want next.

import { copyFile, mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LabError } from '../core/error.ts';
import type { Site } from '../core/site.ts';
import { defaultTargetName } from '../kernel/target.ts';

const example = 'cmdline-greeting';

/** Makes `directory` with a scenario and returns the path of it. Throws `usage.invalid` when it is there. */
export async function newScenario(directory: string, { resources }: Site): Promise<string> {
  const isThere = await stat(directory).then(Boolean, () => false);
  if (isThere) throw new LabError('usage.invalid', `${directory} is there already`, { hint: 'give a new directory' });
  await mkdir(directory, { recursive: true });
  for (const extension of ['patch', 'c']) {
    const name = `${example}.${extension}`;
    await copyFile(join(resources.examples, 'security-fixes', name), join(directory, name));
  }
  const path = join(directory, 'scenario.yaml');
  await writeFile(path, template(basename(directory)));
  return path;
}

const template = (title: string) => `# lpl trial ${title}/scenario.yaml
schema: 1
title: ${JSON.stringify(title)}
target: ${defaultTargetName}
# profile: debian                 # stress-ng, fio, iperf3, python3; \`lpl image ls\` shows the others
patches:
  - title: '/proc/cmdline ends in "livepatched"'
    file: ${example}.patch        # or module: FILE.ko
    reproducer: ${example}.c      # exit 1: old behaviour, 0: new behaviour
    # modules: [tun]              # modules of the target that it is about
    # modulesLoad: after          # they come when it is live
    # sleeper: { command: cat /tmp/fifo, wake: 'echo > /tmp/fifo' } # a task asleep in what is patched
    # acts: { cycles: 10, kprobe: true, tracer: [before, after], graph: after, rapid: 5, replace: 3, stack: 3 }
    # acts: { blocked: true, second: true, signals: true } # with a sleeper; reload: true, with modules
# cumulative: true                # all patches together, one more at a time, and back
# selftests: true                 # the kernel's own livepatch selftests; with profile: debian
workloads:
  - syscalls
  - files
  # - http                        # requests from the host; also forks, sleepers, memory, cpu
  # - { name: mine, command: 'my-test --once', output: 'all good' }
baselineMs: 2000
soakMs: 2000
# budgets: { transitionMs: 5000, stallMs: 100, p99Ms: 50 }
# expect: { refused: NP02 }       # or { fail: TEXT }; without it, a pass
control: none                     # reboot: beside it, what a reboot would have cost
`;
