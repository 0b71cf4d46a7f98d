// Whether the host has room for one more machine. Derived each time from what runs: all QEMUs of this user's labs, and the
// memory the host has left. Pure; live-guests.ts looks.

import { LabError } from '../../core/error.ts';

export type Host = { cpus: number; availableMiB: number };
/** A machine that runs. `residentMiB`: what it has touched of its memory. */
export type LiveGuest = { name: string; cpus: number; memoryMiB: number; residentMiB: number };
export type Wish = { name: string; cpus: number; memoryMiB: number };

/**
 * CPUs of guests for each of the host's. Guests of a lab mostly wait: eight with two CPUs each become ready from their
 * snapshot on two cores in seconds; beyond twice that even idle ones miss their time-outs.
 */
export const guestCpusPerCpu = 16;
/** What QEMU takes beside the guest's memory. */
const overheadMiB = 100;
/** What the host keeps for everything else. */
const reserveMiB = 256;

/** Throws `host.no-room` in one line that says what runs and what would fit. */
export function requireRoom(wish: Wish, running: readonly LiveGuest[], host: Host): void {
  const others = running.filter(({ name }) => name !== wish.name);
  const cpusLeft = host.cpus * guestCpusPerCpu - sum(others.map(({ cpus }) => cpus));
  // A guest touches its memory little by little: what it has not yet is promised to it all the same.
  const promised = sum(others.map(({ memoryMiB, residentMiB }) => Math.max(0, memoryMiB + overheadMiB - residentMiB)));
  const memoryLeft = Math.floor(host.availableMiB - promised - reserveMiB - overheadMiB);
  const lacks = [
    ...(wish.cpus > cpusLeft ? [`${wish.cpus} CPUs`] : []),
    ...(wish.memoryMiB > memoryLeft ? [`${wish.memoryMiB} MiB`] : []),
  ];
  if (lacks.length === 0) return;
  const runs = others.map(({ name, cpus, memoryMiB }) => `${name} (${cpus} CPUs, ${memoryMiB} MiB)`);
  const fits = cpusLeft < 1 || memoryLeft < 64 ? 'nothing more' : `${cpusLeft} CPUs and ${memoryLeft} MiB`;
  throw new LabError(
    'host.no-room',
    `no room for ${wish.name} with ${lacks.join(' and ')}: ${fits} would fit beside ${runs.join(', ') || 'no other machine'}`,
    { hint: runs.length > 0 ? 'ask for less, or `lpl vm down` one of them' : 'ask for less: --memory, --cpus' },
  );
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
