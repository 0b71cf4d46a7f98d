// What every command of one window shares. Made once by activateExtension; holds no state of the lab: that lives in the
// instance directories and is asked for through the facade.

import type * as vscode from 'vscode';
import type { Lab } from 'livepatch-lab';
import type { Journal } from './operations/journal.ts';
import type { Problems } from './problems.ts';
import type { MachinesView } from './machines/machines-view.ts';
import type { StatusItem } from './status-item.ts';

export type Session = {
  readonly lab: Lab;
  /** The log channel: every act, its equivalent `lpl` line, its stages. */
  readonly log: vscode.LogOutputChannel;
  readonly journal: Journal;
  /** Directory of this extension's own files (global storage), an absolute path. */
  readonly storage: string;
  readonly machines: MachinesView;
  readonly problems: Problems;
  readonly status: StatusItem;
  readonly withProgress: typeof vscode.window.withProgress;
};
