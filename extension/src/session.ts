// What the parts of one window share.

import type * as vscode from 'vscode';
import type { Lab, LabEvent } from 'livepatch-lab';
import type { MachineNews } from './machines/machine-news.ts';
import type { Selection } from './machines/selection.ts';
import type { Journal } from './operations/journal.ts';
import type { Problems } from './problems/problems.ts';
import type { StatusItem } from './status-item.ts';

/** The loop of hot patch on save (livepatch/hot-patch.ts). */
export type HotPatch = vscode.Disposable & {
  /** Lets saves pass without patching while `body` runs. */
  without<T>(body: () => Promise<T>): Promise<T>;
  /** Gives up what is being built or loaded; a transition goes back. */
  cancel(): void;
  /** Settles when nothing is being done. */
  idle(): Promise<void>;
};

export type Session = {
  readonly lab: Lab;
  /** The log channel: every act, its equivalent `lpl` line, its stages. */
  readonly log: vscode.LogOutputChannel;
  readonly journal: Journal;
  /** Every event of every act of this window. */
  readonly onEvent: vscode.Event<LabEvent>;
  /** Directory of this extension's own files (global storage), an absolute path. */
  readonly storage: string;
  readonly news: MachineNews;
  readonly selection: Selection;
  readonly hotPatch: HotPatch;
  readonly problems: Problems;
  readonly status: StatusItem;
  readonly withProgress: typeof vscode.window.withProgress;
  /** Asks before something is lost; the chosen button, if one was. */
  confirm(message: string, detail: string, ...buttons: string[]): Thenable<string | undefined>;
  /** Lets every view ask the lab again. */
  refreshViews(): void;
};
