"""The style of the page: light and dark, from phones to wide screens, on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1d2125; --quiet: #5c656e; --line: #d9dde1;
  --paper: #ffffff; --shade: #f4f5f7; --bar: #4c78a8; --lost: #b4532a;
  --warn: #8a5a00; --warn-shade: #fff6df; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6e8; --quiet: #9ba3ab; --line: #363c42;
  --paper: #16191c; --shade: #1f2327; --bar: #6f9fd0; --lost: #e39a76;
  --warn: #e2b65a; --warn-shade: #2e2717; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .5rem; padding-top: 1rem;
  border-top: 1px solid var(--line); overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.75rem 0 .35rem; }
p { margin: .35rem 0; max-width: 46rem; overflow-wrap: anywhere; }
a { color: inherit; }
.quiet { color: var(--quiet); }
nav { margin: 1rem 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: baseline; padding: .2rem .75rem .2rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { overflow-wrap: normal; }
td:first-child { min-width: 7.5rem; }
th { font-weight: 600; color: var(--quiet); font-size: .85rem; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
.rule { color: var(--quiet); font-size: .85rem; }
.total td { font-weight: 600; }
.wide { width: 32%; }
td.wide { vertical-align: top; padding-top: .55rem; }
.facts td:first-child { width: 14rem; }
.bar { display: block; height: .7rem; min-width: 1px; background: var(--bar); border-radius: 1px; }
.bar.lost { background: var(--lost); }
.split { display: flex; }
.warning { background: var(--warn-shade); border-left: 3px solid var(--warn);
  padding: .5rem .75rem; margin: .5rem 0; max-width: none; }
details { margin: .35rem 0; border-bottom: 1px solid var(--line); padding-bottom: .35rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
article { margin: .75rem 0 1.25rem; }
article > p { max-width: none; }
.text { background: var(--shade); padding: .5rem .75rem; margin: .35rem 0; border-radius: 3px;
  font-size: .9rem; overflow: hidden; contain: paint; }
.text p { max-width: none; margin: 0; padding: .1rem .4rem; unicode-bidi: isolate; }
.text .gone { color: var(--quiet); text-decoration: line-through 1px var(--lost); }
.text .by { text-decoration: none; display: inline-block; font-size: .78rem; padding: 0 .4rem;
  color: var(--quiet); }
.columns { columns: 2 22rem; column-gap: 2.5rem; }
.columns table { margin: 0; }
.columns td:first-child { min-width: 9.5rem; }
.columns .wide { width: 22%; }
.columns tr { break-inside: avoid; }
@media (max-width: 40rem) { body { font-size: 14px; } main { padding: 1rem .75rem 3rem; }
  .spare { display: none; }
  th, td { padding-right: .5rem; } .wide { width: 20%; }
  .facts td:first-child { width: 9.5rem; overflow-wrap: anywhere; } }
@media print { :root { color-scheme: light; --ink: #000; --paper: #fff; --quiet: #444;
  --line: #bbb; --shade: #f4f4f4; } main { max-width: none; padding: 0; } nav { display: none; }
  body { font-size: 10pt; } h2, h3 { break-after: avoid; } tr, article { break-inside: avoid; }
  .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
