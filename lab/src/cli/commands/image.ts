// `lpl image`: guest profiles and what is built of them.

import type { Command } from 'commander';
import type { ImageStatus, Lab } from '../../lab.ts';
import { exitCodes } from '../exit-code.ts';
import { formatBytes } from '../format-bytes.ts';
import { runCli } from '../run-cli.ts';
import { table } from '../table.ts';

export function addImageCommands(program: Command, lab: () => Lab): void {
  const image = program
    .command('image')
    .description('guest profiles: what runs around the kernel; your own go to .livepatch-lab/images/NAME.yaml');
  image
    .command('ls')
    .description('profiles, what is built of them and who uses it')
    .addHelpText('after', '\nExample:\n  lpl image ls --json')
    .action((_options: unknown, command: Command) =>
      runCli('image ls', command.optsWithGlobals(), async () => {
        const images = await lab().imageList();
        return { json: { schema: 1, images }, text: showImages(images) };
      }),
    );
  image
    .command('build')
    .description('make the image of a profile now; otherwise the first machine does')
    .argument('NAME')
    .addHelpText(
      'after',
      '\nExample:\n  lpl image build debian\nWith newer packages:\n  lpl image rm debian && lpl image build debian',
    )
    .action((name: string, _options: unknown, command: Command) =>
      runCli('image build', command.optsWithGlobals(), async (ctx) => {
        const built = await lab().imageBuild(name, ctx);
        return {
          json: { schema: 1, ...built },
          text: `${name}: ${stateOf(built)}\n  lpl vm up NAME --profile ${name}`,
        };
      }),
    );
  image
    .command('verify')
    .description('read the whole image of a profile and compare its checksum')
    .argument('NAME')
    .addHelpText('after', '\nExample:\n  lpl image verify debian')
    .action((name: string, _options: unknown, command: Command) =>
      runCli('image verify', command.optsWithGlobals(), async (ctx) => {
        const { sha256, damage } = await lab().imageVerify(name, ctx);
        const text = damage
          ? `${name} is damaged: ${damage}\n  lpl image rm ${name} && lpl image build ${name}`
          : `${name} is whole: sha256 ${sha256}`;
        return { json: { schema: 1, name, sha256, damage }, text, exitCode: damage ? exitCodes.fail : 0 };
      }),
    );
  image
    .command('rm')
    .description('remove the image of a profile and its snapshots; the recipe stays')
    .argument('NAME')
    .addHelpText('after', '\nExample:\n  lpl image rm debian')
    .action((name: string, _options: unknown, command: Command) =>
      runCli('image rm', command.optsWithGlobals(), async () => {
        const { removed } = await lab().imageRemove(name);
        const text = removed.length === 0 ? `nothing of ${name} was built` : `removed ${removed.join('\n        ')}`;
        return { json: { schema: 1, name, removed }, text };
      }),
    );
}

function showImages(images: readonly ImageStatus[]): string {
  const rows = images.map((image) => [
    image.name,
    image.origin === 'shipped' ? 'shipped' : image.path,
    image.base ?? '',
    stateOf(image),
    image.snapshots.length === 0 ? '' : `${image.snapshots.length} (${formatBytes(snapshotBytes(image))})`,
    image.machines.join(', '),
    image.title ?? '',
  ]);
  return table(['NAME', 'FROM', 'BASE', 'IMAGE', 'SNAPSHOTS', 'MACHINES', ''], rows);
}

function stateOf({ state, image, reason, path, outdated }: ImageStatus): string {
  const more = outdated.length === 0 ? '' : `, ${outdated.length} outdated`;
  if (image)
    return `${formatBytes(image.diskBytes)}, built ${new Date(image.builtAt).toISOString().slice(0, 16)}Z${more}`;
  if (state === 'invalid') return `cannot be used: ${reason?.replace(`${path}:`, 'line ')}`;
  return state === 'none-needed' ? 'needs none' : `not built${more}`;
}

const snapshotBytes = ({ snapshots }: ImageStatus): number => snapshots.reduce((sum, it) => sum + it.diskBytes, 0);
