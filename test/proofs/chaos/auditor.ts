import { POOL_SESSION, type History, type Notice, type Read, type Truth, type Write } from './history.ts'

/** A broken promise. */
export type Violation = Notice

export interface Verdict {
  readonly violations: readonly Violation[]
  readonly acknowledged: number
  readonly unknown: number
  /** Of the unknown ones: committed. */
  readonly unknownCommitted: number
  /** Acknowledged writes that the primary had, and that its successor did not get. */
  readonly lostByServers: number
  readonly checkedReads: number
}

/** Acknowledged values of one key that have survived, in the order of their acknowledgement. */
interface Acknowledged {
  readonly endedMs: number[]
  readonly n: number[]
}

/** Position of a session: the values that it may not fall behind. */
interface Position {
  readonly floors: Map<string, number>
  /** When the last write of all that it was shown began: everything acknowledged before is shown, too. */
  shownMs: number
}

/** Judges a history by the rows that are there in the end. */
export class Auditor {
  readonly #history: History
  readonly #final: ReadonlyMap<string, ReadonlySet<number>>
  readonly #truth: Truth
  readonly #lost: ReadonlyMap<string, ReadonlySet<number>>
  readonly #writes: ReadonlyMap<string, Write>
  readonly #acknowledged = new Map<string, Acknowledged>()
  readonly #violations: Violation[] = []

  constructor(history: History, truth: Truth) {
    this.#history = history
    this.#truth = truth
    this.#final = setsOf([truth])
    this.#lost = setsOf(history.lastRows)
    this.#writes = new Map(history.writes.map((write) => [nameOf(write.key, write.n), write]))
    for (const { endedMs, key, n, told } of history.writes) {
      if (told !== 'acknowledged' || !this.#survived(key, n)) continue
      const known = this.#acknowledged.get(key) ?? { endedMs: [], n: [] }
      this.#acknowledged.set(key, known)
      known.endedMs.push(endedMs)
      known.n.push(n)
    }
  }

  judge(): Verdict {
    this.#violations.push(...this.#history.notices)
    const writes = this.#history.writes
    for (const write of writes) this.#judgeWrite(write)
    this.#judgeTransactions()
    this.#judgeRows()
    this.#judgeReads()
    const acknowledged = writes.filter(({ told }) => told === 'acknowledged')
    const unknown = writes.filter(({ told }) => told === 'unknown')
    return {
      violations: this.#violations.toSorted((a, b) => a.atMs - b.atMs),
      acknowledged: acknowledged.length,
      unknown: unknown.length,
      unknownCommitted: unknown.filter(({ key, n }) => this.#survived(key, n)).length,
      lostByServers: acknowledged.filter(({ key, n }) => !this.#survived(key, n)).length,
      checkedReads: this.#history.reads.length,
    }
  }

  #broken(atMs: number, property: string, told: string): void {
    this.#violations.push({ atMs, property, told })
  }

  #survived(key: string, n: number): boolean {
    return this.#final.get(key)?.has(n) ?? false
  }

  #judgeWrite({ beganMs, endedMs, key, n, port, told }: Write): void {
    const name = nameOf(key, n)
    const isThere = this.#survived(key, n)
    if (told === 'acknowledged') {
      if (!isThere && this.#lost.get(key)?.has(n) !== true)
        this.#broken(endedMs, 'no acknowledged write is lost', `${name} was acknowledged by port ${port}`)
      const fence = this.#history.fenced.find(
        (each) => each.port === port && beganMs > each.fromMs && endedMs < each.untilMs,
      )
      if (fence !== undefined)
        this.#broken(endedMs, 'no write goes to a former primary', `${name} was written to port ${port}`)
    } else if (told !== 'unknown' && isThere) {
      this.#broken(endedMs, 'an error says what became of a write', `${name} is ${told}, and there`)
    }
  }

  /** Each transaction is there as a whole, or not at all. */
  #judgeTransactions(): void {
    const parts = new Map<number, Write[]>()
    for (const write of this.#history.writes) {
      if (write.transaction === undefined) continue
      const known = parts.get(write.transaction)
      if (known === undefined) parts.set(write.transaction, [write])
      else known.push(write)
    }
    for (const writes of parts.values()) {
      const there = writes.filter(({ key, n }) => this.#survived(key, n)).length
      if (there === 0 || there === writes.length) continue
      const names = writes.map(({ key, n }) => nameOf(key, n)).join(', ')
      this.#broken(
        writes[0]?.endedMs ?? 0,
        'a transaction is whole',
        `${there} of ${writes.length} of ${names}`,
      )
    }
  }

  #judgeRows(): void {
    for (const [key, values] of this.#truth) {
      const seen = new Set<number>()
      for (const n of values) {
        const write = this.#writes.get(nameOf(key, n))
        if (seen.has(n))
          this.#broken(write?.endedMs ?? 0, 'no write is applied twice', `${nameOf(key, n)} is`)
        if (write === undefined)
          this.#broken(0, 'every row was written', `${nameOf(key, n)} was sent by no caller`)
        seen.add(n)
      }
    }
  }

  #judgeReads(): void {
    const positions = new Map<string, Position>()
    // Calls of a session come one after the other, and a session that continues another begins when that has ended.
    const calls = [...this.#history.reads, ...this.#history.writes].toSorted((a, b) => a.beganMs - b.beganMs)
    for (const call of calls) {
      const { session } = call
      let position = positions.get(session)
      if (position === undefined) {
        const from = positions.get(this.#history.continued.get(session) ?? '')
        position = { floors: new Map(from?.floors), shownMs: from?.shownMs ?? -Infinity }
        positions.set(session, position)
      }
      if ('shown' in call) this.#judgeRead(call, position)
      else if (call.told === 'acknowledged' && this.#survived(call.key, call.n))
        position.floors.set(call.key, Math.max(call.n, position.floors.get(call.key) ?? 0))
    }
  }

  #judgeRead(read: Read, position: Position): void {
    const { endedMs, session, shown } = read
    const needed = this.#neededBy(read, position)
    let shownMs = position.shownMs
    for (const [key, n] of shown) {
      const wanted = needed(key)
      if (n < wanted)
        this.#broken(
          endedMs,
          propertyOf(read),
          `${session} was shown ${nameOf(key, n)}, and had to be shown ${nameOf(key, wanted)} or later`,
        )
      if (n === 0) continue
      if (this.#survived(key, n)) {
        position.floors.set(key, Math.max(n, position.floors.get(key) ?? 0))
        shownMs = Math.max(shownMs, this.#writes.get(nameOf(key, n))?.beganMs ?? -Infinity)
      } else if (this.#lost.get(key)?.has(n) !== true) {
        this.#broken(
          endedMs,
          'nothing is shown and taken back',
          `${session} was shown ${nameOf(key, n)}, which is not there`,
        )
      }
    }
    position.shownMs = shownMs
  }

  #neededBy({ beganMs, boundMs = 0, promised, session }: Read, position: Position): (key: string) => number {
    if (promised === 'nothing') return () => 0
    if (promised === 'bounded') return (key) => this.#acknowledgedBy(key, beganMs - boundMs)
    if (promised === 'everything' || session === POOL_SESSION)
      return (key) => this.#acknowledgedBy(key, beganMs)
    const { floors, shownMs } = position
    return (key) => Math.max(floors.get(key) ?? 0, this.#acknowledgedBy(key, shownMs))
  }

  /** The last value of a key that had been acknowledged by then; 0 if there was none. */
  #acknowledgedBy(key: string, atMs: number): number {
    const known = this.#acknowledged.get(key)
    if (known === undefined) return 0
    let [low, high] = [0, known.endedMs.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((known.endedMs[middle] ?? Infinity) <= atMs) low = middle + 1
      else high = middle
    }
    return known.n[low - 1] ?? 0
  }
}

function propertyOf({ promised, session }: Read): string {
  if (promised === 'everything') return 'a strong read, or a transaction that writes, shows everything'
  if (promised === 'bounded') return 'a bounded read is not older than said'
  if (session === POOL_SESSION) return 'the process reads its writes'
  return 'a session reads its writes, and never goes back'
}

function setsOf(truths: readonly Truth[]): ReadonlyMap<string, ReadonlySet<number>> {
  const sets = new Map<string, Set<number>>()
  for (const truth of truths) {
    for (const [key, values] of truth) {
      const set = sets.get(key) ?? new Set()
      sets.set(key, set)
      for (const n of values) set.add(n)
    }
  }
  return sets
}

function nameOf(key: string, n: number): string {
  return `${key}=${n}`
}
