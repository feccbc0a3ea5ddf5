import { INSTALL } from '../../errors/documents.ts'
import type { Happening } from './chronicle.ts'
import type { CrossCheck } from './cross-check.ts'
import { formatCount, formatLatency, formatShare, plural } from './format.ts'
import { span, type Line } from './paint.ts'
import type { Violation } from './tally.ts'
import type { Standing, View } from './view.ts'

/** Result of a run, as `--json` prints it. */
export interface Report {
  /** How long the load ran. */
  readonly seconds: number
  readonly seed: number
  /** Statements that were answered. */
  readonly queries: number
  /** SELECTs among them. */
  readonly reads: number
  /** Statements that the application saw fail. */
  readonly errors: number
  /** Reads that did not show what their own session had written. */
  readonly violations: number
  /** Reads that were checked against the writes of their own session. */
  readonly checks: number
  /** Share of the reads off the primary, 0 to 1. */
  readonly offload: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly nodes: readonly ReportedNode[]
  readonly crossCheck: CrossCheck
  readonly events: readonly Happening[]
  readonly kindsOfErrors: Readonly<Record<string, number>>
  readonly staleReads: readonly Violation[]
}

export interface ReportedNode {
  readonly name: string
  readonly id: string
  readonly role: string
  /** At the end. */
  readonly state: Standing
  /** `null` when unknown, and on the primary. */
  readonly lagMs: number | null
  readonly lagBytes: number | null
  /** Statements sent there. */
  readonly queries: number
  /** Share of all reads that it answered, 0 to 1. */
  readonly shareOfReads: number
}

export interface ReportInput {
  readonly view: View
  readonly seconds: number
  readonly seed: number
  readonly crossCheck: CrossCheck
  readonly events: readonly Happening[]
  readonly kindsOfErrors: readonly (readonly [kind: string, count: number])[]
  readonly staleReads: readonly Violation[]
}

export function reportOf(input: ReportInput): Report {
  const { view, seconds, seed, crossCheck, events, kindsOfErrors, staleReads } = input
  return {
    seconds,
    seed,
    queries: view.queries,
    reads: view.reads,
    errors: view.errors,
    violations: view.violations,
    checks: view.checks,
    offload: rounded(view.offload, 4),
    p50Ms: rounded(view.p50Ms, 3),
    p99Ms: rounded(view.p99Ms, 3),
    nodes: view.nodes.map((node) => ({
      name: node.name,
      id: node.id,
      role: node.role,
      state: node.standing,
      lagMs: node.lagMs === undefined ? null : Math.round(node.lagMs),
      lagBytes: node.lagBytes ?? null,
      queries: node.queries,
      shareOfReads: rounded(node.totalShare, 4),
    })),
    crossCheck: { ...crossCheck, offload: rounded(crossCheck.offload, 4) },
    events,
    kindsOfErrors: Object.fromEntries(kindsOfErrors),
    staleReads,
  }
}

/** Whether there was no error, no stale read, and no contradiction by the primary's own count. */
export function isGood(report: Report): boolean {
  return report.errors === 0 && report.violations === 0 && report.crossCheck.agrees !== false
}

/** Returns the summary that stays on the screen. */
export function summaryLines(report: Report): readonly Line[] {
  const { errors, violations, offload, queries, checks, seconds } = report
  const headline = [
    plural(errors, 'error'),
    plural(violations, 'stale read'),
    `${formatShare(offload, 0)} of reads off the primary`,
  ]
  const rate = formatCount(queries / seconds)
  return [
    [span(`  ${headline.join(' · ')}`, 'bold')],
    [],
    [
      span(
        `  ${formatCount(queries)} queries in ${formatSeconds(seconds)}, ${rate} a second: ` +
          `p50 ${formatLatency(report.p50Ms)}, p99 ${formatLatency(report.p99Ms)}`,
      ),
    ],
    [span(`  Users read back what they had written ${plural(checks, 'time')}; ${staleText(violations)}`)],
    [crossCheckSpan(report)],
    ...problemLines(report),
    [],
    [span('  What next?', 'bold')],
    ...nextSteps.flatMap(([what, how]) => [[span(`  ${what}:`)], [span(`    ${how}`, 'cyan')]]),
  ]
}

/** Next steps, each with a command or an address. */
const nextSteps = [
  [
    'See what it would do to your traffic; nothing is changed',
    'npx pg-switchyard dry-run --log FILE --server URL',
  ],
  ['Run this load on servers of your own', 'npx pg-switchyard demo --primary URL --replica URL'],
  ['Put it into your application, in five lines', INSTALL],
] as const

function staleText(violations: number): string {
  return violations === 0 ? 'they always saw it' : `${plural(violations, 'time')} they did not see it`
}

function crossCheckSpan({ crossCheck }: Report): Line[number] {
  const { method, reads, readsOnPrimary, agrees } = crossCheck
  const count = `${formatCount(readsOnPrimary)} of ${formatCount(reads)} reads (${method})`
  if (agrees === null) return span(`  By the primary's own count it ran at most ${count}`)
  return agrees
    ? span(`  The primary's own count agrees: it ran ${count}`)
    : span(`  The primary's own count disagrees: it ran ${count}`, 'red')
}

function problemLines({ kindsOfErrors, staleReads }: Report): readonly Line[] {
  const errors = Object.entries(kindsOfErrors).map(([kind, count]) => `${formatCount(count)} × ${kind}`)
  const stale = staleReads.map(
    ({ what, afterMs }) => `${what} read back ${formatCount(afterMs)} ms after its write`,
  )
  return [
    ...(errors.length === 0 ? [] : [[span(`  Errors: ${errors.join(', ')}`, 'red')]]),
    ...(stale.length === 0 ? [] : [[span(`  Stale reads, for example: ${stale.join('; ')}`, 'red')]]),
  ]
}

function formatSeconds(seconds: number): string {
  return `${rounded(seconds, 1)} s`
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
