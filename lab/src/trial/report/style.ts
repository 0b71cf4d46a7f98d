// The report's style sheet: system fonts, dark and light by preference, quiet in print.

export const style = `
:root{--bg:#fff;--fg:#1c2128;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;--good:#1a7f37;--bad:#cf222e;--warn:#9a6700;--blue:#0969da;--goodbg:#2da44e;--badbg:#cf222e;--old:#ffebe9;--oldfg:#a40e26;--lane:#f6f8fa;--shade:#dafbe155}
@media (prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9198a1;--line:#30363d;--card:#151b23;--good:#3fb950;--bad:#f85149;--warn:#d29922;--blue:#58a6ff;--goodbg:#238636;--badbg:#da3633;--old:#3d1418;--oldfg:#ffa198;--lane:#151b23;--shade:#2ea04318}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
main{max-width:1240px;margin:0 auto;padding:24px 28px 64px}h1{font-size:26px;margin:0 0 2px}h2{font-size:18px;margin:36px 0 10px}h3{font-size:15px;margin:20px 0 6px}
p{margin:6px 0}.soft{color:var(--soft)}a{color:var(--blue)}
.verdict{display:flex;gap:20px;align-items:center;border:1px solid var(--line);border-left:8px solid var(--c);border-radius:8px;padding:16px 20px;margin:16px 0;background:color-mix(in srgb,var(--c) 8%,var(--bg))}
.verdict b{font-size:30px;letter-spacing:.02em;color:var(--c);text-transform:uppercase}.verdict ul{margin:0;padding-left:18px}
.pass{--c:var(--good)}.fail{--c:var(--bad)}.refused,.inconclusive{--c:var(--warn)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:16px 0}
.figures div{border:1px solid var(--line);border-radius:8px;padding:10px 14px}.figures b{display:block;font-size:24px;font-variant-numeric:tabular-nums}.figures span{color:var(--soft);font-size:13px}
figure{margin:10px 0 26px}figcaption{font-weight:600;margin-bottom:4px}svg{width:100%;height:auto;display:block}
table{border-collapse:collapse;width:100%;margin:6px 0 14px;font-variant-numeric:tabular-nums}th,td{text-align:left;vertical-align:top;padding:6px 10px;border-bottom:1px solid var(--line)}th{font-weight:600;color:var(--soft);font-size:13px}
.ok{color:var(--good)}.no,.badword{color:var(--bad);font-weight:600}.un{color:var(--warn);font-weight:600}.ok,.no,.un{white-space:nowrap}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}td:first-child{min-width:14em}tbody tr:hover{background:var(--card)}
a:focus-visible,summary:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
pre{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:10px 12px;overflow:auto;font:12.5px/1.45 ui-monospace,monospace;margin:6px 0}
code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}details{margin:8px 0}summary{cursor:pointer}
.add{color:var(--good)}.del{color:var(--bad)}
svg text{font:12px system-ui,sans-serif;fill:var(--fg)}svg .label{font-weight:600}svg .tick{fill:var(--soft);font-size:10.5px}svg .marklabel{font-size:11px;fill:var(--soft)}svg .badtext{fill:var(--bad);font-size:10.5px;font-weight:600}
svg .on{fill:#fff;font-weight:700;font-size:11px}svg .onold{fill:var(--oldfg);font-weight:700;font-size:11px}
.lane{fill:var(--lane)}.shade{fill:var(--shade)}.grid{stroke:var(--line);stroke-width:.6}.mark{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}
.good{fill:var(--goodbg)}.bad{fill:var(--badbg)}.old{fill:var(--old)}.answers{fill:var(--blue);opacity:.55}.lost{stroke:var(--bad);stroke-width:1}
.latency{fill:none;stroke:var(--blue);stroke-width:1}.heartbeat{fill:none;stroke:var(--good);stroke-width:1.2}.outage{fill:var(--bad);opacity:.16}svg .outagelabel{fill:var(--bad);font-weight:700;font-size:15px}
.work{fill:var(--good);opacity:.35}.window{fill:var(--warn);opacity:.25}.tasks{fill:none;stroke:var(--warn);stroke-width:2}.uptime{fill:none;stroke:var(--fg);stroke-width:2}
@media print{:root{print-color-adjust:exact;-webkit-print-color-adjust:exact}body{font-size:11px}main{padding:0;max-width:none}details:not([open]){display:none}h2,h3{break-after:avoid}tr{break-inside:avoid}pre{white-space:pre-wrap}.verdict{break-inside:avoid}figure{break-inside:avoid}}
`;
