// The limit that `build` and `explain` have in common.

import { InvalidArgumentError, Option } from 'commander';
import { defaultMaxUnits, looksPerUnit } from '../build/reach/affected-units.ts';

export const maxUnitsOption = () =>
  new Option(
    '--max-units <N>',
    `rebuild at most N units for the headers that the patch edits, and look into ${looksPerUnit} times as many that include them (default: ${defaultMaxUnits})`,
  ).argParser(parseMaxUnits);

function parseMaxUnits(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('It is to be a number from 1 on.');
  return Number(text);
}
