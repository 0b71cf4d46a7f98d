// The uptime dashboard: the pulse of the selected machine while it is livepatched, live. In demo mode, the story of the demo
// step by step, with the pulse of its machine.

import { type Disposable, l10n, type Uri, ViewColumn, type WebviewPanel, window, workspace } from 'vscode';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { selectedMachine } from '../livepatch/livepatches-view.ts';
import { openReport } from '../trials/open-report.ts';
import { question } from '../tree/question.ts';
import { uptimePage } from './uptime-page.ts';
import { type UptimeMessage, uptimeMessage } from './uptime-state.ts';

export type UptimePanel = Disposable & {
  /** Opens the dashboard, or shows the one that is open. */
  show(): WebviewPanel;
  /** Plays the story of the demo in it; settles when that has ended. */
  playDemo(): Promise<void>;
};

/** The one dashboard of a window. `media`: directory of its assets. */
export function createUptimePanel(session: Session, media: Uri): UptimePanel {
  let opened: Dashboard | undefined;
  const show = () => {
    opened ??= openDashboard(session, media, () => void (opened = undefined));
    opened.panel.reveal();
    return opened;
  };
  return {
    show: () => show().panel,
    playDemo: () => show().playDemo(),
    dispose: () => void opened?.panel.dispose(),
  };
}

type Dashboard = { panel: WebviewPanel; playDemo: () => Promise<void> };

function openDashboard(session: Session, media: Uri, onClosed: () => void): Dashboard {
  const { lab, news, selection } = session;
  const options = { enableScripts: true, localResourceRoots: [media], retainContextWhenHidden: true };
  const panel = window.createWebviewPanel('livepatchLab.uptime', l10n.t('Uptime'), ViewColumn.Beside, options);
  let watched: { key: string; name: string | undefined; over: AbortController } | undefined;
  let demo = false;
  const post = (message: UptimeMessage) => void panel.webview.postMessage(message);

  /** The machine of the demo while it plays, else the selected one. */
  const choose = async () => {
    if (!demo) return selectedMachine(lab, selection);
    return (await lab.vmList(question())).find(({ name, state }) => name.startsWith('trial-') && state === 'running');
  };
  const follow = async () => {
    const machine = await choose().catch(() => undefined);
    const key = machine?.pid === undefined ? '' : `${machine.name} ${machine.pid}`;
    if (key === watched?.key) return;
    watched?.over.abort();
    const over = new AbortController();
    watched = { key, name: machine?.name, over };
    post({ type: 'machine', name: machine?.name });
    if (!machine || !key) return;
    const ctx = { ...question(), signal: over.signal };
    await lab.vmPulse(machine.name, ctx, (pulse) => post({ type: 'pulse', pulse })).catch(() => undefined);
    if (watched?.over === over) watched = undefined;
  };
  const playDemo = async () => {
    if (demo) return;
    demo = true;
    post({ type: 'demo', on: true });
    const act = { title: l10n.t('Demo'), equivalent: [['lpl', 'demo']] as const };
    const summary = await runAct(session, act, (ctx) => lab.demo(ctx));
    demo = false;
    post({ type: 'demo', on: false });
    void follow();
    if (summary) await openReport(summary);
  };
  panel.webview.html = uptimePage(panel.webview, media);
  const listeners: Disposable[] = [
    panel.webview.onDidReceiveMessage(({ type }: { type: string }) => {
      if (type === 'ready') void follow();
      if (type === 'demo' && workspace.isTrusted) void playDemo();
    }),
    session.onEvent((event) => {
      // A trial beside it has a machine of its own.
      if (!demo && !('vm' in event && event.vm === watched?.name)) return;
      const message = uptimeMessage(event);
      if (message) post(message);
    }),
    news.onDidChangeMachines(() => void follow()),
    news.onDidFail(({ machine, text }) =>
      post({ type: 'mark', at: Date.now(), text: `${machine}: ${text}`, tone: 'bad' }),
    ),
    selection.onDidChange(() => void follow()),
  ];
  panel.onDidDispose(() => {
    watched?.over.abort();
    for (const listener of listeners) listener.dispose();
    onClosed();
  });
  return { panel, playDemo };
}
