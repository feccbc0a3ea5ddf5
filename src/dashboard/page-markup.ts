/** A table without rows. Roles are explicit, because the layout for phones takes them away. */
function table(id: string, caption: string, columns: readonly string[]): string {
  const heads = columns.map((name) => `<th scope="col" role="columnheader">${name}</th>`).join('')
  return `<table id="${id}" role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${heads}</tr></thead><tbody role="rowgroup"></tbody></table>
<p id="${id}-none" class="faint" hidden>None so far.</p>`
}

function section(id: string, heading: string, content: string): string {
  return `<section aria-labelledby="${id}"><h2 id="${id}" tabindex="-1">${heading}</h2>
${content}</section>`
}

const STATEMENT_COLUMNS = ['Statement', 'Node', 'Why there', 'Duration', 'What happened', 'Ended']

const SECTIONS: readonly (readonly [id: string, heading: string, content: string])[] = [
  [
    'nodes',
    'Servers',
    `<p id="single" hidden>This pool has one node and does not route. Its statements are counted while this page is open.</p>
${table('node-rows', 'One row for each server. Curves show the last three minutes.', [
  'Server',
  'Role or state',
  'Lag',
  'Statements per second',
  'Share of the last minute',
  'Connections',
  'Waiting callers',
  'Time to the answer',
])}`,
  ],
  [
    'traffic',
    'Traffic',
    `<dl>
<div><dt>SELECT statements on replicas</dt><dd id="offload">–</dd></div>
<div><dt>Proven reads on replicas</dt><dd id="read-offload">–</dd></div>
<div><dt>SELECT statements</dt><dd id="selects">–</dd></div>
<div><dt>Catalog</dt><dd id="catalog">–</dd></div>
</dl>
${table(
  'latency-rows',
  'Duration of statements since the page was opened, from the call to the answer, by the role of the server. ' +
    'Percentiles are those of the latest 2,000.',
  ['Role', 'Statements', 'p50', 'p95', 'p99'],
)}`,
  ],
  [
    'waits',
    'Waits and retries',
    `${table('waiting-rows', 'Statements that wait at this moment, the longest wait first.', [
      'Statement',
      'Waits for',
      'For so long',
    ])}
${table('reason-rows', 'Since the start of the pool.', ['What', 'Reason', 'Count', 'Mean duration'])}
${table('notable-rows', 'The latest statements that waited, spilled to the primary, were sent again, or failed.', STATEMENT_COLUMNS)}`,
  ],
  [
    'decisions',
    'Latest statements',
    table('latest-rows', 'The latest first, without parameters and constants.', STATEMENT_COLUMNS),
  ],
  [
    'on-primary',
    'SELECT statements on the primary',
    table('primary-rows', 'By reason, since the start of the pool, with what would let a replica run them.', [
      'Statement',
      'Reason',
      'Count',
      'Remedy',
    ]),
  ],
  [
    'events',
    'Events',
    `<p class="faint" id="changes-none">None since the page was opened.</p>
<ul id="changes" role="list"></ul>`,
  ],
]

/** Body of the page. The script fills it. */
export const MARKUP: string = `<header>
<h1 id="title">pg-switchyard</h1>
<button type="button" id="pause">Pause</button>
<span id="updated"></span>
<p id="status" role="status" aria-live="polite"></p>
</header>
<noscript><p>This page needs JavaScript.</p></noscript>
<nav aria-label="Sections"><ul>
${SECTIONS.map(([id, heading]) => `<li><a href="#${id}">${heading}</a></li>`).join('\n')}
</ul></nav>
<main>
${SECTIONS.map(([id, heading, content]) => section(id, heading, content)).join('\n')}
</main>`
