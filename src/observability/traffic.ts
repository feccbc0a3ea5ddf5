import { LRUCache } from 'lru-cache'
import type { RepairReason, RetryReason, SpillReason, WaitReason } from '../nodes/trace.ts'
import type { Route } from '../routing/route.ts'
import { normalised } from '../statement/normalised.ts'
import type { Statement } from '../statement/statement.ts'
import { summaryOf } from '../statement/summary.ts'
import type { NodeId } from '../topology/node.ts'
import { retain } from '../topology/retain.ts'
import { adviceFor, isPrimaryReason, type PrimaryReason } from './advice.ts'
import { Histogram, type Latencies } from './histogram.ts'
import type { QueryExecution } from './statement-events.ts'

/**
 * SELECT statements that the primary runs for one reason.
 *
 * @example
 * const show = ({ reason, count }: PrimaryReads) => console.log(reason, count)
 * pool.stats().traffic?.onPrimary.forEach(show)
 */
export interface PrimaryReads {
  readonly reason: PrimaryReason
  readonly count: number
  /** The most frequent ones, first. The count of a statement starts again at 0 after it has not been seen for long. */
  readonly statements: readonly {
    /** The text without constants and comments, cut behind 500 characters. */
    readonly sql: string
    readonly count: number
    /** Change that would let a replica run it. */
    readonly advice: string
  }[]
}

/**
 * Statements and where they run, since the pool's creation.
 *
 * @example
 * const traffic: TrafficStats | undefined = pool.stats().traffic
 */
export interface TrafficStats {
  /** Number of SELECT statements, proven reads and others. */
  readonly selects: number
  /** Share of the SELECT statements that replicas run, from 0 to 1. 0 without any. */
  readonly offload: number
  /** SELECT statements that the primary runs, by reason, the most frequent reason first. */
  readonly onPrimary: readonly PrimaryReads[]
  /** Time from the request for a connection, or from sending on a lane, to the answer, by node. */
  readonly latencies: Readonly<Record<NodeId, Latencies>>
  /** Waits of at least 1 ms before a statement was sent. */
  readonly waits: Readonly<Partial<Record<WaitReason, { readonly count: number; readonly totalMs: number }>>>
  /** Statements that were sent again after a failure. */
  readonly retries: Readonly<Partial<Record<RetryReason, number>>>
  /** Proven reads that the primary ran in place of a replica. */
  readonly spills: Readonly<Partial<Record<SpillReason, number>>>
  /** Reads that a replica rejected and the primary ran. */
  readonly repairs: Readonly<Partial<Record<RepairReason, number>>>
}

/** Number of statements for which counts are kept, and how many are shown for a reason. */
const MOST_STATEMENTS = 500
const MOST_SHOWN = 5

/** Length of a text that is kept, in UTF-16 units. */
const LONGEST = 500

/** Length of the part of a text that is looked at where it is not parsed, in UTF-16 units. */
const MOST_READ = 10_000

/** Statements of one text and reason on the primary. */
interface Kept {
  readonly key: string
  readonly sql: string
  readonly reason: PrimaryReason
  readonly advice: string
  count: number
}

/** Counts where statements run, and why. Its memory is bounded. */
export class Traffic {
  readonly #isSelect = new WeakMap<Statement, boolean>()
  /** The last entry of each statement, whose key is costly to make. */
  readonly #entries = new WeakMap<Statement, Pick<Kept, 'key' | 'reason'>>()
  readonly #kept = new LRUCache<string, Kept>({ max: MOST_STATEMENTS })
  readonly #onPrimary = new Map<PrimaryReason, number>()
  readonly #latencies = new Map<NodeId, Histogram>()
  readonly #waits = new Map<WaitReason, { count: number; totalMs: number }>()
  readonly #retries = new Map<RetryReason, number>()
  readonly #spills = new Map<SpillReason, number>()
  readonly #repairs = new Map<RepairReason, number>()
  #selects = 0

  /** Counts a decision. A read for replicas that the primary runs in the end is counted by `spilled` and `repaired`. */
  decided(statement: Statement, sql: string | undefined, route: Route): void {
    if (!this.#selectOf(statement, sql)) return
    this.#selects += 1
    if (route.role === 'replica') return
    this.#keep(statement, sql, statement.kind === 'read' ? route.reason : statement.reason)
  }

  spilled(reason: SpillReason, statement: Statement | undefined, sql: string | undefined): void {
    increment(this.#spills, reason)
    if (statement !== undefined && this.#selectOf(statement, sql)) this.#keep(statement, sql, reason)
  }

  repaired(reason: RepairReason, statement: Statement, sql: string | undefined): void {
    increment(this.#repairs, reason)
    if (!this.#selectOf(statement, sql)) return
    this.#keep(statement, sql, reason === 'statement' ? 'refused-by-standby' : 'setting')
  }

  retried(reason: RetryReason): void {
    increment(this.#retries, reason)
  }

  waited(reason: WaitReason, ms: number): void {
    const wait = this.#waits.get(reason)
    if (wait === undefined) this.#waits.set(reason, { count: 1, totalMs: ms })
    else {
      wait.count += 1
      wait.totalMs += ms
    }
  }

  /** Counts an answer, possibly an error of the statement. */
  answered(node: NodeId, ms: number): void {
    let histogram = this.#latencies.get(node)
    if (histogram === undefined) this.#latencies.set(node, (histogram = new Histogram()))
    histogram.add(ms)
  }

  /** Counts a statement of a pool that classifies nothing. */
  ran({ durationMs, node, operation, summary }: QueryExecution): void {
    if (operation === 'SELECT' && isOnlySelect(summary ?? '')) this.#selects += 1
    if (node !== undefined && durationMs !== undefined) this.answered(node, durationMs)
  }

  /** Forgets all nodes but these. */
  retain(ids: ReadonlySet<NodeId>): void {
    retain(this.#latencies, ids)
  }

  report(): TrafficStats {
    let kept = 0
    for (const count of this.#onPrimary.values()) kept += count
    return {
      selects: this.#selects,
      offload: this.#selects === 0 ? 0 : Math.max(0, 1 - kept / this.#selects),
      onPrimary: this.#reportPrimary(),
      latencies: Object.fromEntries([...this.#latencies].map(([node, each]) => [node, each.report()])),
      waits: Object.fromEntries([...this.#waits].map(([reason, wait]) => [reason, { ...wait }])),
      retries: Object.fromEntries(this.#retries),
      spills: Object.fromEntries(this.#spills),
      repairs: Object.fromEntries(this.#repairs),
    }
  }

  #reportPrimary(): readonly PrimaryReads[] {
    const entries = [...this.#kept.values()].toSorted((a, b) => b.count - a.count)
    const statementsOf = (reason: PrimaryReason): PrimaryReads['statements'] =>
      entries
        .filter((entry) => entry.reason === reason)
        .slice(0, MOST_SHOWN)
        .map(({ advice, count, sql }) => ({ sql, count, advice }))
    return [...this.#onPrimary]
      .map(([reason, count]) => ({ reason, count, statements: statementsOf(reason) }))
      .toSorted((a, b) => b.count - a.count)
  }

  #keep(statement: Statement, sql: string | undefined, reason: string): void {
    if (!isPrimaryReason(reason)) return
    increment(this.#onPrimary, reason)
    if (sql === undefined) return
    const entry = this.#entries.get(statement)
    const known = entry?.reason === reason ? this.#kept.get(entry.key) : undefined
    if (known !== undefined) known.count += 1
    else this.#keepText(statement, sql, reason)
  }

  #keepText(statement: Statement, sql: string, reason: PrimaryReason): void {
    // Texts that are not parsed may be of any length, and are not remembered.
    const text = normalised(isShared(statement) ? sql.slice(0, MOST_READ) : sql, LONGEST)
    const key = `${reason} ${text}`
    let kept = this.#kept.get(key)
    if (kept === undefined) {
      kept = { key, sql: text, reason, advice: adviceFor(reason, statement.offender?.text), count: 0 }
      this.#kept.set(key, kept)
    }
    kept.count += 1
    if (!isShared(statement)) this.#entries.set(statement, kept)
  }

  #selectOf(statement: Statement, sql: string | undefined): boolean {
    const { kind, reason } = statement
    if (kind === 'read') return reason === 'select'
    if (sql === undefined || kind === 'transaction' || !isPrimaryReason(reason)) return false
    if (isShared(statement)) return SELECT.test(sql)
    const known = this.#isSelect.get(statement)
    if (known !== undefined) return known
    const is = onlySelects(sql)
    this.#isSelect.set(statement, is)
    return is
  }
}

/** A text that cannot be parsed, by its first word. */
const SELECT = /^\s*(?:select|with)\b/i

/** Whether a statement may stand for more than one text. */
function isShared({ reason }: Statement): boolean {
  return (
    reason === 'unparseable' || reason === 'too-large' || reason === 'too-deep' || reason === 'parser-loading'
  )
}

function onlySelects(sql: string): boolean {
  const { operation, text } = summaryOf(sql)
  return operation === 'SELECT' && isOnlySelect(text)
}

/** Whether the summary of a SELECT names no command that writes. */
function isOnlySelect(summary: string): boolean {
  return !/\b(?:INSERT|UPDATE|DELETE|MERGE)\b/.test(summary)
}

function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
