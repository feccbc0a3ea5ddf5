/** Style of the page. All pairs of text and background have a contrast of at least 4.5. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --back: #ffffff; --panel: #f6f8fa; --text: #1b1f24; --faint: #57606a; --line: #d0d7de;
  --link: #0a5cc2; --good: #116329; --warn: #7d4e00; --bad: #a40e26; --load: #0a5cc2; --lag: #9a4a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0d1117; --panel: #161b22; --text: #e6edf3; --faint: #9da7b3; --line: #30363d;
    --link: #6cb6ff; --good: #56d364; --warn: #e3b341; --bad: #ff8a80; --load: #6cb6ff; --lag: #f0a35e;
  }
}
* { box-sizing: border-box; }
html { background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 76rem; padding: 0 1rem 3rem; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem; padding: .75rem 0; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.3rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 1.75rem 0 .4rem; }
p { margin: .3rem 0; max-width: 60rem; }
a { color: var(--link); }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; margin: .5rem 0; padding: 0; }
nav a { display: inline-block; padding: .2rem 0; }
button { font: inherit; color: var(--text); background: var(--panel); border: 1px solid var(--faint); border-radius: .4rem; padding: .3rem .9rem; min-height: 2.2rem; cursor: pointer; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.faint, caption { color: var(--faint); }
#updated { margin-left: auto; color: var(--faint); font-variant-numeric: tabular-nums; }
#status { flex-basis: 100%; min-height: 1.45em; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .1rem 0 .4rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { color: var(--faint); font-weight: 600; font-size: .87rem; overflow-wrap: normal; }
tbody th { font-weight: 600; min-width: 10.5rem; }
code { font: .87em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
td ul { margin: 0; padding: 0; list-style: none; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.sub { display: block; color: var(--faint); font-size: .87rem; }
.curve { display: block; width: 9rem; max-width: 100%; height: 1.9rem; margin-top: .2rem; }
.curve polyline { fill: none; stroke: var(--load); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.curve.lag polyline { stroke: var(--lag); }
.curve line { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.bar { display: block; width: 7rem; max-width: 100%; height: .5rem; margin-top: .35rem; background: var(--panel); border: 1px solid var(--line); border-radius: .25rem; overflow: hidden; }
.bar > span { display: block; height: 100%; background: var(--load); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .6rem; margin: .75rem 0; }
dl > div { background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem; }
dt { color: var(--faint); font-size: .87rem; }
dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
#changes { margin: 0; padding: 0; list-style: none; }
#changes li { padding: .3rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
time { color: var(--faint); margin-right: .75rem; font-variant-numeric: tabular-nums; }
[hidden] { display: none !important; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: no-preference) { .bar > span { transition: width .3s; } }
@media (forced-colors: active) { .bar > span { background: Highlight; forced-color-adjust: none; } }
@media (max-width: 48rem) {
  body { padding: 0 .75rem 2rem; }
  table, caption, tbody, tbody tr { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { border: 1px solid var(--line); border-radius: .5rem; padding: .4rem .7rem; margin-bottom: .6rem; }
  tbody th, tbody td { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: .5rem; border: 0; padding: .15rem 0; }
  tbody th::before, tbody td::before { content: attr(data-label); content: attr(data-label) / ""; color: var(--faint); font-weight: 400; font-size: .87rem; }
  tbody td.wide { display: block; }
  .curve, .bar { width: 100%; }
}
`
