import type { Happening } from './chronicle.ts'
import { formatClock, formatCount, formatDuration, formatLatency, formatShare } from './format.ts'
import { span, type Line, type Span, type Style } from './paint.ts'
import type { NodeView, Standing, View } from './view.ts'

const BAR_CELLS = 24
/** Width of a node's line without its name and its bar. */
const BESIDE_BAR = 52
const GAP = '   '
const SHARE = 'share of the reads'
const SHARE_IN_SHORT = 'reads'
const MOST_HAPPENINGS = 10
const SIGNS = {
  primary: ['●', 'cyan', 'primary'],
  'in rotation': ['●', 'green', 'in rotation'],
  lagging: ['◐', 'yellow', 'lagging'],
  'lag-unknown': ['◐', 'yellow', 'lag not known'],
  pending: ['○', 'dim', 'pending'],
  down: ['○', 'red', 'down'],
  suspected: ['◐', 'yellow', 'suspected'],
  'behind-session': ['●', 'green', 'in rotation'],
  'too-far-behind': ['◐', 'yellow', 'lagging'],
  ejected: ['◐', 'yellow', 'ejected'],
  recovering: ['◐', 'yellow', 'recovering'],
  drained: ['○', 'dim', 'drained'],
  'other-tags': ['○', 'dim', 'other tags'],
  'old-timeline': ['○', 'red', 'old timeline'],
  'read-only': ['○', 'red', 'read-only'],
  'foreign-cluster': ['○', 'red', 'foreign cluster'],
  'same-server': ['○', 'red', 'same server'],
} as const satisfies Record<Standing, readonly [string, Style, string]>

/** Resolution of the lag, in milliseconds: the time between two probes. */
const RESOLUTION_MS = 500

export interface TableOptions {
  readonly seconds: number
  /** Available height; the oldest events are left out first. @defaultValue unlimited */
  readonly rows?: number | undefined
  /** Available width; bars are shortened. @defaultValue unlimited */
  readonly columns?: number | undefined
}

/** Formats the live table: a view and the events so far. */
export function tableLines(
  view: View,
  happenings: readonly Happening[],
  options: TableOptions,
): readonly Line[] {
  const { seconds, rows = Infinity } = options
  // Lines are cut off below this width.
  const columns = Math.max(60, options.columns ?? Infinity)
  const width = Math.max(9, ...view.nodes.map(({ name }) => name.length))
  const cells = Math.max(0, Math.min(BAR_CELLS, columns - width - BESIDE_BAR))
  const title = cells < SHARE.length ? SHARE_IN_SHORT.padStart(cells + 8 - GAP.length) : SHARE
  const head: Line[] = [
    titleLine(view, seconds),
    [],
    [span(`  ${'node'.padEnd(width)}   state                lag   queries/s${GAP}${title}`, 'dim')],
    ...view.nodes.map((node) => nodeLine(node, width, cells)),
    [],
    ...figureLines(view, columns),
  ]
  const room = Math.max(0, Math.min(MOST_HAPPENINGS, rows - head.length - 1))
  const told = room === 0 ? [] : happenings.slice(-room)
  const lines = told.length === 0 ? head : [...head, [], ...told.map(happeningLine)]
  // Lines above the top of the terminal cannot be redrawn.
  return lines.slice(0, rows)
}

export function happeningLine({ atSeconds, node, what }: Happening): Line {
  return [span(`  ${atSeconds.toFixed(1).padStart(6)} s  `, 'dim'), span(`${node}  `, 'bold'), span(what)]
}

/** Formats a view as two lines, for outputs that cannot be redrawn. */
export function progressLines(view: View): readonly Line[] {
  const nodes = view.nodes.map(({ name, standing, lagMs, recentShare }) => {
    const lag = isBehind(standing) && lagMs !== undefined ? ` ${formatDuration(lagMs)}` : ''
    const state = isWell(standing) ? '' : ` (${SIGNS[standing][2]}${lag})`
    return `${name} ${formatShare(recentShare, 0)}${state}`
  })
  const parts = [
    `${formatCount(view.queriesPerSecond)} queries/s`,
    `p99 ${formatLatency(view.p99Ms)}`,
    `errors ${formatCount(view.errors)}`,
    `stale ${formatCount(view.violations)}`,
  ]
  return [
    [span(`  ${(view.elapsedMs / 1000).toFixed(1).padStart(6)} s  ${parts.join(' · ')}`)],
    [span(`            reads: ${nodes.join(', ')}`)],
  ]
}

function titleLine(view: View, seconds: number): Line {
  const elapsedMs = Math.min(view.elapsedMs, seconds * 1000)
  return [
    span('  pg-switchyard demo', 'bold'),
    span(`   ${formatClock(elapsedMs)} of ${formatClock(Math.ceil(seconds) * 1000)}`, 'dim'),
  ]
}

function nodeLine(node: NodeView, width: number, cells: number): Line {
  const [sign, style, label] = SIGNS[node.standing]
  return [
    span(`  ${node.name.padEnd(width)}   `, 'bold'),
    span(`${sign} `, style),
    span(label.padEnd(15), style),
    lagSpan(node),
    span(formatCount(node.queriesPerSecond).padStart(12)),
    ...(cells === 0 ? [] : [span(GAP), span(bar(node.recentShare, cells), style)]),
    span(formatShare(node.recentShare).padStart(8)),
  ]
}

function lagSpan({ standing, lagMs }: NodeView): Span {
  if (standing === 'primary' || standing === 'down' || standing === 'pending')
    return span('–'.padStart(7), 'dim')
  if (lagMs === undefined) return span('?'.padStart(7), 'yellow')
  if (lagMs > RESOLUTION_MS) return span(formatDuration(lagMs).padStart(7), 'yellow')
  return span((lagMs === 0 ? '0 s' : '< 0.5 s').padStart(7))
}

function bar(share: number, cells: number): string {
  // Any share above 0 shows at least one cell.
  return '█'.repeat(share > 0 ? Math.max(1, Math.round(share * cells)) : 0).padEnd(cells)
}

/** Formats the figures, as many on a line as fit. */
function figureLines(view: View, columns: number): readonly Line[] {
  const good = (count: number): Style => (count === 0 ? 'green' : 'red')
  const figures: readonly (readonly Line[])[] = [
    [
      [span('reads off the primary ', 'dim'), span(formatShare(view.offload), 'bold')],
      [span('errors ', 'dim'), span(formatCount(view.errors), good(view.errors))],
      [
        span('stale reads ', 'dim'),
        span(formatCount(view.violations), good(view.violations)),
        span(` of ${formatCount(view.checks)} checked`, 'dim'),
      ],
    ],
    [
      [span('queries ', 'dim'), span(formatCount(view.queries), 'bold')],
      [span('p50 ', 'dim'), span(formatLatency(view.p50Ms))],
      [span('p99 ', 'dim'), span(formatLatency(view.p99Ms))],
      [span(`${formatCount(view.queriesPerSecond)} queries/s`, 'dim')],
    ],
  ]
  return figures.flatMap((row) => filled(row, columns))
}

/** Fills lines with whole pieces. */
function filled(pieces: readonly Line[], columns: number): readonly Line[] {
  const lines: Span[][] = []
  let width = 0
  for (const piece of pieces) {
    const needed = GAP.length + piece.reduce((sum, { text }) => sum + text.length, 0)
    if (lines.length === 0 || width + needed > columns) {
      lines.push([span('  '), ...piece])
      width = needed - 1
    } else {
      lines.at(-1)?.push(span(GAP), ...piece)
      width += needed
    }
  }
  return lines
}

function isBehind(standing: Standing): boolean {
  return standing === 'lagging' || standing === 'too-far-behind'
}

function isWell(standing: Standing): boolean {
  return standing === 'primary' || standing === 'in rotation'
}
