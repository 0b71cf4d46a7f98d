// The page of the uptime dashboard: local assets only, and nothing else may run in it.

import { randomBytes } from 'node:crypto';
import { l10n, Uri, type Webview } from 'vscode';
import { storySteps } from './uptime-state.ts';

/** `media`: directory of the script and the style. */
export function uptimePage(webview: Webview, media: Uri): string {
  const asset = (name: string) => String(webview.asWebviewUri(Uri.joinPath(media, name)));
  const nonce = randomBytes(16).toString('hex');
  const csp = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}';`;
  const titles = {
    serve: l10n.t('Serve'),
    patch: l10n.t('Patch'),
    prove: l10n.t('Prove'),
    restore: l10n.t('Take it out'),
    control: l10n.t('Reboot instead'),
  };
  const steps = storySteps.map((step) => `<li data-step="${step}">${titles[step]}</li>`).join('');
  const figure = (id: string, title: string) => `<div class="figure"><dt>${title}</dt><dd id="${id}">–</dd></div>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${csp}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${asset('uptime.css')}">
<title>${l10n.t('Uptime')}</title>
</head>
<body>
<header>
<h1><span id="machine">–</span></h1>
<nav>
<button id="pause" type="button" aria-pressed="false">${l10n.t('Pause')}</button>
<button id="big" type="button" aria-pressed="false">${l10n.t('Big type')}</button>
<button id="demo" type="button">${l10n.t('Play the demo')}</button>
</nav>
</header>
<ol id="story" hidden>${steps}</ol>
<p id="now" hidden></p>
<dl>
${figure('up', l10n.t('up without a reboot'))}
${figure('answered', l10n.t('requests answered'))}
${figure('lost', l10n.t('requests lost'))}
${figure('latency', l10n.t('slowest answer'))}
${figure('gap', l10n.t('longest stall'))}
</dl>
<canvas id="lanes" tabindex="0" role="img" aria-label="${l10n.t('Time line of requests, heartbeat and transitions')}"></canvas>
<p class="keys">${l10n.t('Space pauses; left and right move in time.')}</p>
<p id="spoken" class="spoken" aria-live="polite"></p>
<script nonce="${nonce}" src="${asset('uptime.js')}"></script>
</body>
</html>`;
}
