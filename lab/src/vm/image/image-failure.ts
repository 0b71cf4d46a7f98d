// Why an image could not be made, in one line that names what the user can change.

import { isLabError, LabError } from '../../core/error.ts';
import type { DebianProfile } from './profile.ts';

/** The error to throw for one of apt, mmdebstrap or the tools after it; others are passed on. */
export function explainFailure(profile: DebianProfile, error: unknown): unknown {
  if (isLabError(error, 'packages.unavailable')) {
    const missing = /Unable to locate package (\S+)/.exec(error.message)?.[1];
    if (!missing) return error;
    return new LabError('image.invalid', `${profile.path}: ${profile.suite} has no package ${missing}`, {
      cause: error,
      hint: 'correct `packages` of the recipe',
    });
  }
  if (!isLabError(error, 'command.failed')) return error;
  const said = mmdebstrapComplaint(String(error.details['stderr'])) ?? error.message;
  if (said.includes('No space left on device'))
    return new LabError('host.no-space', `no room to make the image of profile ${profile.name}: ${said}`, {
      cause: error,
      hint: 'free some space there, or set XDG_CACHE_HOME to a larger disk',
    });
  return new LabError('image.failed', `the image of profile ${profile.name} could not be made: ${said.slice(0, 200)}`, {
    cause: error,
    hint: `run \`lpl --verbose image build ${profile.name}\` to see the whole output`,
    details: error.details,
  });
}

/** The line that tells why: a full disk, dpkg's own error, or what a hook said before mmdebstrap gave up over it. */
export function mmdebstrapComplaint(stderr: string): string | undefined {
  const lines = stderr.split('\n');
  const plain = lines.findIndex((line) => /No space left on device|^dpkg: error /.test(line));
  // dpkg gives the reason on the next line.
  if (plain >= 0) return `${lines[plain]}${lines[plain]?.endsWith(':') ? lines[plain + 1] : ''}`;
  const end = lines.findIndex((line) => line.startsWith('E: '));
  const before = lines[end - 1];
  return before && /^(?![IW]: )\S+: ./.test(before) ? before : lines[end]?.slice(3);
}
