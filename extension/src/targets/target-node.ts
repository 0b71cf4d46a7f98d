// The nodes of the Target kernels view: series of a suite, their kernels, and the files edited for one.

import { l10n, MarkdownString, ThemeIcon, type TreeItem, Uri } from 'vscode';
import { commandIds } from '../contributions.ts';
import type { Worktree } from '../source/worktree.ts';
import { branch, icons, leaf, shortRelease } from '../tree/tree-items.ts';

export type Kernel = { name: string; release: string; prepared: boolean };

export type TargetNode =
  | { kind: 'series'; name: string; open: boolean }
  | { kind: 'kernel'; kernel: Kernel; edited: Edited | undefined }
  /** `path`: absolute, of the working copy; `file`: in the kernel tree. */
  | { kind: 'edited'; worktree: Worktree; file: string; path: string };

export type Edited = { worktree: Worktree; files: readonly string[] };

/** The tree item of a node. */
export function targetTreeItem(node: TargetNode): TreeItem {
  switch (node.kind) {
    case 'series':
      return seriesItem(node);
    case 'kernel':
      return kernelItem(node);
    case 'edited':
      return editedItem(node);
  }
}

function seriesItem({ name, open }: TargetNode & { kind: 'series' }): TreeItem {
  const [suite = name, flavour = ''] = name.replace(/^debian:/, '').split('/');
  const item = branch(suite, 'library', open ? 'open' : 'closed');
  item.id = `series/${name}`;
  item.description = flavour;
  item.tooltip = name;
  return item;
}

function kernelItem({ kernel, edited }: TargetNode & { kind: 'kernel' }): TreeItem {
  const { name, release, prepared } = kernel;
  const icon = prepared ? icons.good('circle-filled') : 'circle-outline';
  const label = shortRelease(release);
  const item = edited ? branch(label, icon, 'open') : leaf(label, icon);
  item.id = `kernel/${name}`;
  const changes = edited ? l10n.t('{0} edited', edited.files.length) : '';
  // A narrow side bar has room for one of them, and the dot says the other.
  item.description = changes || (prepared ? l10n.t('prepared') : '');
  item.contextValue = `kernel.${prepared ? 'prepared' : 'listed'}${edited ? '.edited' : ''}`;
  const text = [
    `**${release}**`,
    `\`${name}\``,
    prepared
      ? l10n.t('Source, compiler and symbols are at hand.')
      : l10n.t('To be fetched from the mirror when it is first used.'),
    ...(edited ? [l10n.t('Working copies: `{0}`', edited.worktree.source)] : []),
  ];
  item.tooltip = new MarkdownString(text.join('\n\n'));
  item.accessibilityInformation = {
    label: prepared
      ? l10n.t('Kernel {0}, prepared {1}', release, changes)
      : l10n.t('Kernel {0}, not prepared {1}', release, changes),
  };
  return item;
}

function editedItem(node: TargetNode & { kind: 'edited' }): TreeItem {
  const [base = node.file] = node.file.split('/').slice(-1);
  const item = leaf(base, ThemeIcon.File, node.file.slice(0, -base.length - 1));
  item.resourceUri = Uri.file(node.path);
  item.contextValue = 'edited';
  item.tooltip = l10n.t('{0}: show the difference to the pristine source', node.file);
  item.command = { title: l10n.t('Show difference'), command: commandIds.showChanges, arguments: [item.resourceUri] };
  return item;
}
