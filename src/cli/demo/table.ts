import type { Happening } from './chronicle.ts'
import { formatClock, formatCount, formatDuration, formatLatency, formatShare } from './format.ts'
import { span, type Line, type Span, type Style } from './paint.ts'
import type { NodeView, Standing, View } from './view.ts'

const BAR_CELLS = 24
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

/** Less than the time between two probes says only that a probe is due, in milliseconds. */
const RESOLUTION_MS = 500

export interface TableOptions {
  readonly seconds: number
  /** Height that there is; happenings give way first, the oldest ones. @defaultValue any */
  readonly rows?: number | undefined
}

/** The live table: a view and what happened so far, as lines. */
export function tableLines(
  view: View,
  happenings: readonly Happening[],
  options: TableOptions,
): readonly Line[] {
  const { seconds, rows = Infinity } = options
  const width = Math.max(9, ...view.nodes.map(({ name }) => name.length))
  const head: Line[] = [
    titleLine(view, seconds),
    [],
    [span(`  ${'node'.padEnd(width)}   state                lag   queries/s   share of the reads`, 'dim')],
    ...view.nodes.map((node) => nodeLine(node, width)),
    [],
    ...figureLines(view),
  ]
  const room = Math.max(0, Math.min(MOST_HAPPENINGS, rows - head.length - 1))
  const told = room === 0 ? [] : happenings.slice(-room)
  const lines = told.length === 0 ? head : [...head, [], ...told.map(happeningLine)]
  // What is higher than the terminal cannot be drawn over.
  return lines.slice(0, rows)
}

export function happeningLine({ atSeconds, node, what }: Happening): Line {
  return [span(`  ${atSeconds.toFixed(1).padStart(6)} s  `, 'dim'), span(`${node}  `, 'bold'), span(what)]
}

/** One line for everything, where lines cannot be drawn over. */
export function progressLine(view: View): Line {
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
    `reads: ${nodes.join(', ')}`,
  ]
  return [span(`  ${(view.elapsedMs / 1000).toFixed(1).padStart(6)} s  ${parts.join(' · ')}`)]
}

function titleLine(view: View, seconds: number): Line {
  const elapsedMs = Math.min(view.elapsedMs, seconds * 1000)
  return [
    span('  pg-switchyard demo', 'bold'),
    span(`   ${formatClock(elapsedMs)} of ${formatClock(Math.ceil(seconds) * 1000)}`, 'dim'),
  ]
}

function nodeLine(node: NodeView, width: number): Line {
  const [sign, style, label] = SIGNS[node.standing]
  return [
    span(`  ${node.name.padEnd(width)}   `, 'bold'),
    span(`${sign} `, style),
    span(label.padEnd(15), style),
    lagSpan(node),
    span(formatCount(node.queriesPerSecond).padStart(12)),
    span('   '),
    span(bar(node.recentShare), style),
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

function bar(share: number): string {
  const cells = Math.round(share * BAR_CELLS)
  // A little is not nothing.
  return '█'.repeat(share > 0 ? Math.max(1, cells) : 0).padEnd(BAR_CELLS)
}

function figureLines(view: View): readonly Line[] {
  const good = (count: number): Style => (count === 0 ? 'green' : 'red')
  return [
    [
      span('  reads off the primary ', 'dim'),
      span(formatShare(view.offload).padEnd(12), 'bold'),
      span('errors ', 'dim'),
      span(formatCount(view.errors).padEnd(10), good(view.errors)),
      span('stale reads ', 'dim'),
      span(formatCount(view.violations), good(view.violations)),
      span(` of ${formatCount(view.checks)} that were checked`, 'dim'),
    ],
    [
      span('  queries               ', 'dim'),
      span(formatCount(view.queries).padEnd(12), 'bold'),
      span('p50 ', 'dim'),
      span(formatLatency(view.p50Ms).padEnd(13)),
      span('p99 ', 'dim'),
      span(formatLatency(view.p99Ms)),
      span(`        ${formatCount(view.queriesPerSecond)} queries/s`, 'dim'),
    ],
  ]
}

function isBehind(standing: Standing): boolean {
  return standing === 'lagging' || standing === 'too-far-behind'
}

function isWell(standing: Standing): boolean {
  return standing === 'primary' || standing === 'in rotation'
}
