// Harm to what the machine serves, and to the means by which it is watched.

import { readFile } from 'node:fs/promises';
import { planWorkload } from '../../workload/workload-plan.ts';
import type { Control, Scene } from './control.ts';

const patienceMs = 60_000;
/** A request is given up after three seconds (trial/recording.ts). */
const lostMs = 4000;

/** By then the logger was started anew, and the log says that it was cut (vm/until-dead.ts). */
const healedMs = 4000;

/** The service of the guest (images/guest/rc) and its pid. */
const service = `sed 's/.*"pid":\\([0-9]*\\).*/\\1/' /run/service`;

const restart = async ({ script, recording }: Scene) => {
  await script(`kill -9 $(${service}); lpl-agent serve 7000 < /dev/null > /run/service 2>&1 &`);
  await recording.untilRead(patienceMs);
};

export const witnessControls: readonly Control[] = [
  {
    id: 'process-restarted',
    title: 'a witness process is killed and another takes its place',
    play: restart,
    caught: { verdict: 'fail', by: 'processes', says: /start times changed/ },
    quick: true,
  },
  {
    id: 'connection-dropped',
    title: 'one TCP connection of the service is shut down',
    needs: 'intruder',
    play: async ({ script, wait }) => {
      await script(`/run/lpl-intrude drop $(${service})`);
      await wait(500);
    },
    caught: { verdict: 'fail', by: 'requests', says: /[1-9]\d* connections broken/ },
    quick: true,
  },
  {
    id: 'request-lost',
    title: 'one request of all is lost',
    needs: 'intruder',
    play: async ({ script, wait }) => {
      await script(`/run/lpl-intrude steal $(${service})`);
      await wait(lostMs);
    },
    caught: { verdict: 'fail', by: 'requests', says: / 1 lost, / },
    quick: true,
  },
  {
    id: 'http-broken',
    title: 'HTTP answers break off, for their service is started anew',
    scenario: () => ({ workloads: [planWorkload('http', 2)] }),
    play: restart,
    caught: { verdict: 'fail', by: 'workload', says: /[1-9]\d* wrong: GET \/\d+: / },
  },
  {
    id: 'stall',
    title: 'the guest stands still for 600 ms, four times',
    // One CPU spins then: more of them than the host has free would wait for each other's end, which is the host's fault.
    scenario: () => ({ cpus: 1 }),
    needs: 'trouble',
    alone: true,
    play: async ({ script, wait }) => {
      // On a noisy host one of them may fall into a moment in which the host is to blame as well.
      for (let time = 0; time < 4; time++) {
        await script('echo freeze > /proc/lpl_trouble');
        await wait(500);
      }
    },
    caught: { verdict: 'fail', by: 'stall', says: /longest (5[5-9]|[6-9]\d|\d{3})\d ms/ },
    drowned: /longest (5[5-9]|[6-9]\d|\d{3})\d ms \(.* not explained by the host\)|nothing was heard/,
  },
  {
    id: 'console-cut',
    title: 'what the kernel prints does not reach the log any more',
    play: async ({ machine, wait }) => {
      const { pid } = JSON.parse(await readFile(machine.files.logger, 'utf8')) as { pid: number };
      process.kill(pid, 'SIGKILL');
      await wait(healedMs);
    },
    caught: { verdict: 'inconclusive', by: 'console', says: /it was cut/ },
  },
  {
    id: 'qemu-killed',
    title: 'QEMU is killed',
    play: async ({ machine, wait }) => {
      process.kill(machine.run.process.pid, 'SIGKILL');
      await wait(10_000);
    },
    caught: { verdict: 'inconclusive', by: 'hindrance', says: /QEMU of .* ended/ },
    quick: true,
  },
];
