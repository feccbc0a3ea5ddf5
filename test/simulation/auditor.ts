import type { Call, History, Shown } from './history.ts'
import type { WalRecord } from './wal.ts'

/** The servers as the auditor sees them. */
export interface Judged {
  readonly primary: { readonly wal: readonly WalRecord[] }
  /** The commits that wrote a value. */
  readonly commits: ReadonlyMap<string, readonly WalRecord[]>
  /** Whether a timeline has a commit. */
  has(timeline: number, record: WalRecord): boolean
  /** The newest timeline that existed at a time. */
  newestAt(ms: number): number
}

/** A broken promise. */
export interface Violation {
  readonly property: string
  readonly told: string
}

/** The longest that one statement may take, in milliseconds: to wait for a primary, a connection and an answer. */
const LONGEST_STATEMENT_MS = 15_000

const SERIALIZATION_FAILURE = '40001'

/** Judges a whole schedule by what the servers know. */
export class Auditor {
  readonly #history: History
  readonly #world: Judged
  readonly #mayFail: boolean
  readonly #violations: Violation[] = []
  /** The WAL that has survived, and the place of each record in it. */
  readonly #chain: readonly WalRecord[]
  readonly #places: ReadonlyMap<WalRecord, number>
  /** Places of the records that have changed a key, in order. */
  readonly #changes = new Map<string, number[]>()

  /** @param mayFail Whether the faults may keep a call from success. */
  constructor(history: History, world: Judged, mayFail: boolean) {
    this.#history = history
    this.#world = world
    this.#mayFail = mayFail
    this.#chain = world.primary.wal
    this.#places = new Map(this.#chain.map((record, place) => [record, place]))
    for (const key of this.#chain[0]?.state.keys() ?? []) this.#changes.set(key, [0])
    for (const [place, { changes }] of this.#chain.entries()) {
      for (const { key } of changes) {
        const places = this.#changes.get(key)
        if (places === undefined) this.#changes.set(key, [place])
        else places.push(place)
      }
    }
  }

  judge(): readonly Violation[] {
    for (const [value, records] of this.#world.commits) {
      if (records.length > 1)
        this.#broken('a write was sent twice', `${value} was committed ${records.length} times`)
    }
    for (const call of this.#history.calls) {
      this.#judgeWrites(call)
      this.#judgeTime(call)
      this.#judgeFailure(call)
      this.#judgeTimeline(call)
      if (call.shown.length > 0) this.#judgeReads(call)
      if (call.operation.action.type === 'transaction') this.#judgeTransaction(call)
    }
    return this.#violations
  }

  #broken(property: string, told: string): void {
    this.#violations.push({ property, told })
  }

  #judgeTime(call: Call): void {
    const { action, id } = call.operation
    const several = action.type === 'cursor' ? 6 : 1
    const statements = action.type === 'transaction' ? 2 * action.steps.length + 4 : several
    if (call.endedMs === undefined) return this.#broken('every call ends', `${id} has not ended`)
    const ms = call.endedMs - call.beganMs
    if (ms > statements * LONGEST_STATEMENT_MS) {
      this.#broken('every call ends before its deadline', `${id} took ${ms.toFixed(0)} ms`)
    }
  }

  /** Whatever replicas and the process do, a call on a healthy primary succeeds. */
  #judgeFailure({ error, operation, outcome }: Call): void {
    if (this.#mayFail || error === undefined || codeOf(error) === SERIALIZATION_FAILURE) return
    // A cursor that has given rows cannot go on at another server, nor can a transaction on a replica.
    const { type } = operation.action
    if (type === 'cursor' || (type === 'transaction' && outcome === 'rolled-back')) return
    this.#broken('no call fails without need', `${operation.id} failed: ${codeOf(error)} ${error.message}`)
  }

  /**
   * Once a timeline is known, no read shows what it has not taken over from an older one. A later promotion may bring
   * that back. Replicas show it before the pool has heard of that promotion.
   */
  #judgeTimeline(call: Call): void {
    const { endedMs, knownTimeline, operation, promised, session, shown } = call
    if (promised === 'nothing' || shown.length === 0) return
    const lineage = session === 'pool' ? undefined : this.#lineageOf(call)
    const newest =
      lineage === undefined ? knownTimeline : Math.max(knownTimeline, this.#timelineOf(call, lineage))
    for (const { rows } of shown) {
      for (const [key, value] of rows) {
        const [record] = this.#commitsOf(key, value)
        if (record === undefined || this.#isOn(newest, record, endedMs)) continue
        this.#broken(
          'no read on a node of another timeline',
          `${operation.id} (${session}) was shown ${key}=${value} of timeline ${record.timeline}, and timeline ${newest} was known, which has not got it`,
        )
      }
    }
  }

  /** Whether a commit is on a timeline, or on a later one that began before a time. */
  #isOn(timeline: number, record: WalRecord, untilMs = Infinity): boolean {
    for (let each = timeline; each <= this.#world.newestAt(untilMs); each++)
      if (this.#world.has(each, record)) return true
    return false
  }

  /** The newest timeline of what sessions have been shown or have written in a call's process. */
  #timelineOf({ process }: Call, lineage: ReadonlyMap<string, number>): number {
    let newest = 0
    for (const call of this.#history.calls) {
      if (call.process !== process || !endsWithin(call, lineage)) continue
      for (const [key, value] of valuesOf(call)) {
        for (const { timeline } of this.#commitsOf(key, value)) newest = Math.max(newest, timeline)
      }
    }
    return newest
  }

  #judgeWrites(call: Call): void {
    const { error, isRolledBack, knownAtWrite, operation, outcome, sent, wrote } = call
    for (const key of wrote) {
      const [record] = this.#commitsOf(key, operation.id)
      if (record !== undefined) continue
      this.#broken(
        'an acknowledged write is committed',
        `${key}=${operation.id} was acknowledged, and never committed`,
      )
    }
    for (const key of sent) {
      const record = this.#commitsOf(key, operation.id).find(({ timeline }) => timeline < knownAtWrite)
      if (record === undefined) continue
      this.#broken(
        'no write on an old timeline',
        `${key}=${operation.id} was written on timeline ${record.timeline}, and the pool knew ${knownAtWrite}`,
      )
    }
    const isRefused = error !== undefined && outcome === undefined && /^[0-9A-Z]{5}$/.test(codeOf(error))
    const isCertain = isRolledBack || outcome === 'not-sent' || outcome === 'rolled-back' || isRefused
    if (!isCertain) return
    for (const key of sent) {
      if (this.#commitsOf(key, operation.id).length === 0 || wrote.has(key)) continue
      const why = isRolledBack ? 'rolled back' : (outcome ?? codeOf(error as Error))
      this.#broken(
        'what is said not to be written is not',
        `${key}=${operation.id} was committed, and is said to be ${why}`,
      )
    }
  }

  #judgeReads(call: Call): void {
    const needed = this.#neededBy(call)
    for (const shown of call.shown) {
      for (const [key, value] of shown.rows) this.#judgeValue(call, key, value)
      this.#judgeState(call, shown)
      if (needed === undefined) continue
      for (const key of this.#keysOf(shown)) this.#judgeKey(call, shown, key, needed(key))
    }
  }

  /** Each value that is shown was committed, unless the call itself has written it. */
  #judgeValue(call: Call, key: string, value: string): void {
    if (value === '0' || value === String(call.operation.id)) return
    if (this.#commitsOf(key, value).length > 0) return
    this.#broken(
      'what is shown was committed',
      `${call.operation.id} was shown ${key}=${value}, which was never committed`,
    )
  }

  /** Checks that one read shows the state after one commit. */
  #judgeState({ operation }: Call, shown: Shown): void {
    const own = String(operation.id)
    let newest = 0
    for (const [key, value] of shown.rows) {
      if (value === own) return
      const place = this.#placeOf(key, value)
      if (place === undefined) return
      newest = Math.max(newest, place)
    }
    for (const key of this.#keysOf(shown)) {
      const known = this.#chain[newest]?.state.get(key)?.value
      const value = shown.rows.get(key)
      if (known === value) continue
      const told = `${operation.id} was shown ${key}=${value ?? 'nothing'}, and with it what was written after ${key}=${known ?? 'nothing'}`
      return this.#broken('a read shows one state', told)
    }
  }

  /** The place of the commit that wrote a value; `undefined` for one that was lost. */
  #placeOf(key: string, value: string): number | undefined {
    const record = value === '0' ? this.#chain[0] : this.#commitsOf(key, value)[0]
    return record && this.#places.get(record)
  }

  #judgeKey(call: Call, shown: Shown, key: string, wanted: number | undefined): void {
    if (wanted === undefined) return
    const value = shown.rows.get(key)
    const { id } = call.operation
    if (value === String(id)) return
    const wantedRecord = this.#chain[wanted] as WalRecord
    const told = (seen: string): string =>
      `${id} (${call.session}) was shown ${key}=${seen}, and had to be shown ${key}=${this.#valueAt(key, wanted)} or later`
    if (value === undefined) return this.#broken(this.#propertyOf(call), told('nothing'))
    const seen = value === '0' ? this.#chain[0] : this.#commitsOf(key, value)[0]
    if (seen === undefined) return
    const place = this.#places.get(seen)
    if (place !== undefined) {
      if (place < wanted) this.#broken(this.#propertyOf(call), told(value))
    } else if (seen.timeline < wantedRecord.timeline) {
      this.#broken('no read on a node of another timeline', `${told(value)}; ${value} was lost`)
    }
  }

  #propertyOf({ promised, session }: Call): string {
    if (promised === 'everything') return 'a strong read shows everything'
    if (promised === 'bounded') return 'a bounded read is not older than said'
    return session === 'pool'
      ? 'the process reads its writes'
      : 'a session reads its writes, and never goes back'
  }

  /** Returns a function that gives the oldest place that a read of a key may show; `undefined` where nothing is promised. */
  #neededBy(call: Call): ((key: string) => number | undefined) | undefined {
    const { beganMs, operation, promised } = call
    if (promised === 'nothing') return undefined
    if (promised === 'everything') return this.#writtenBy(call, () => true, beganMs)
    if (promised === 'bounded' && operation.action.type === 'bounded') {
      return this.#writtenBy(call, () => true, beganMs - operation.action.maxStalenessMs)
    }
    if (call.session === 'pool') {
      return this.#writtenBy(call, ({ process }) => process === call.process, beganMs)
    }
    const lineage = this.#lineageOf(call)
    const written = this.#writtenBy(call, (other) => endsWithin(other, lineage), beganMs)
    const shownUpTo = this.#shownUpTo(call, (other) => other !== call && endsWithin(other, lineage))
    return (key) => {
      const shown = this.#lastChange(key, shownUpTo)
      const own = written(key)
      if (shown === undefined || own === undefined) return shown ?? own
      return Math.max(shown, own)
    }
  }

  /** The sessions whose past a call continues, and up to when. */
  #lineageOf({ beganMs, session }: Call): ReadonlyMap<string, number> {
    const lineage = new Map<string, number>([[session, beganMs]])
    let from = this.#history.continued.get(session)
    while (from !== undefined) {
      lineage.set(from.session, Math.max(from.atMs, lineage.get(from.session) ?? -Infinity))
      from = this.#history.continued.get(from.session)
    }
    return lineage
  }

  /** The last places that these calls have written, of those that the reader can know of. */
  #writtenBy(
    reader: Call,
    counts: (call: Call) => boolean,
    untilMs: number,
  ): (key: string) => number | undefined {
    const last = new Map<string, number>()
    for (const call of this.#history.calls) {
      if (call.endedMs === undefined || call.endedMs > untilMs || !counts(call)) continue
      for (const key of call.wrote) {
        const [record] = this.#commitsOf(key, call.operation.id)
        if (record === undefined || !this.#canKnow(reader, call, record)) continue
        const place = this.#places.get(record)
        if (place !== undefined && place > (last.get(key) ?? -1)) last.set(key, place)
      }
    }
    return (key) => last.get(key)
  }

  /**
   * A process that has not heard of a promotion goes on with the primary that it knows. One that has heard of it cannot
   * be shown what the promotion has lost, even if the next promotion brings it back.
   */
  #canKnow(reader: Call, writer: Call, record: WalRecord): boolean {
    for (let timeline = reader.knownTimeline; timeline <= reader.knownAtEnd; timeline++)
      if (!this.#world.has(timeline, record)) return false
    return reader.process === writer.process || record.timeline <= reader.knownTimeline
  }

  /** The last place that these calls have been shown, of those that the reader can know of. */
  #shownUpTo(reader: Call, counts: (call: Call) => boolean): number {
    let last = -1
    for (const call of this.#history.calls) {
      if (!counts(call)) continue
      for (const { rows } of call.shown) {
        for (const [key, value] of rows) {
          // Its own write may have been undone.
          if (value === '0' || value === String(call.operation.id)) continue
          const [record] = this.#commitsOf(key, value)
          if (record === undefined || !this.#canKnow(reader, call, record)) continue
          const place = this.#places.get(record)
          if (place !== undefined && place > last) last = place
        }
      }
    }
    return last
  }

  /** An optimistic transaction that wrote has read what the primary had when it began, or later. */
  #judgeTransaction(call: Call): void {
    const { action } = call.operation
    if (action.type !== 'transaction' || call.wrote.size === 0) return
    const written = this.#writtenBy(call, () => true, call.beganMs)
    for (const shown of call.shown) {
      for (const key of this.#keysOf(shown)) {
        const value = shown.rows.get(key)
        if (value === undefined || value === String(call.operation.id)) continue
        const seen = value === '0' ? this.#chain[0] : this.#commitsOf(key, value)[0]
        const place = seen && this.#places.get(seen)
        const wanted = written(key)
        if (place === undefined) continue
        if (wanted !== undefined && place < wanted) {
          this.#broken(
            'a transaction that writes has read what the primary had',
            `${call.operation.id} read ${key}=${value}, and ${key}=${this.#valueAt(key, wanted)} was written before it began`,
          )
        }
        if (action.isRepeatable && call.wrote.has(key)) this.#judgeUpdate(call, key, place, value)
      }
    }
  }

  /** A repeatable transaction that read a row and changed it has changed what it read. */
  #judgeUpdate(call: Call, key: string, place: number, value: string): void {
    const [own] = this.#commitsOf(key, call.operation.id)
    const ownPlace = own && this.#places.get(own)
    if (ownPlace === undefined) return
    const before = this.#lastChange(key, ownPlace - 1)
    if (before === place || before === undefined) return
    this.#broken(
      'no update is lost in a repeatable transaction',
      `${call.operation.id} read ${key}=${value}, and overwrote ${key}=${this.#valueAt(key, before)}`,
    )
  }

  #commitsOf(key: string, value: number | string): readonly WalRecord[] {
    return this.#world.commits.get(`${key}=${value}`) ?? []
  }

  #keysOf({ covers }: Shown): readonly string[] {
    if (covers.includes(':')) return [covers]
    return [...this.#changes.keys()].filter((key) => key.startsWith(`${covers}:`))
  }

  #lastChange(key: string, upTo: number): number | undefined {
    return this.#changes.get(key)?.findLast((place) => place <= upTo)
  }

  #valueAt(key: string, place: number): string {
    return this.#chain[place]?.state.get(key)?.value ?? 'nothing'
  }
}

function endsWithin({ endedMs, session }: Call, lineage: ReadonlyMap<string, number>): boolean {
  const untilMs = lineage.get(session)
  return untilMs !== undefined && endedMs !== undefined && endedMs <= untilMs
}

/** The rows that a call was shown, and those that it has written. */
function valuesOf({ operation, shown, wrote }: Call): readonly (readonly [string, string])[] {
  return [
    ...shown.flatMap(({ rows }) => [...rows]),
    ...[...wrote].map((key) => [key, String(operation.id)] as const),
  ]
}

function codeOf(error: Error): string {
  return String(Reflect.get(error, 'code') ?? '')
}
