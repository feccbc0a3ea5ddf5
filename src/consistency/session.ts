import type { Statement } from '../statement/statement.ts'
import type { Lsn } from '../topology/lsn.ts'
import type { Floor } from './floor.ts'
import type { Consistency } from './mode.ts'
import { later, shows, type Position } from './position.ts'
import type { Execution, Touched } from './touched.ts'

/**
 * A read that was answered. Its server showed the data by then.
 *
 * @example
 * const read: SeenRead = { serverIdentity: undefined, atMs: 0 }
 */
export interface SeenRead {
  /**
   * Identifies one start of one server: after a restart it may have gone backwards. `undefined` when the server is
   * gone. Then the session's position covers what was seen for replicas, but the primary may show it later.
   */
  readonly serverIdentity: string | undefined
  /** When the answer arrived (our clock, milliseconds). */
  readonly atMs: number
  /** Position that covers what its server had shown by then. Absent when it was not asked. */
  readonly upTo?: Position
  /** Identity of the server that the session goes to next, while it leaves that of this read. */
  readonly next?: string
}

/**
 * Creates a record of a read answered at `nowMs`. Times are whole milliseconds, since small integers need no heap
 * object.
 */
export function seenRead(serverIdentity: string | undefined, nowMs: number): SeenRead {
  return { serverIdentity, atMs: Math.ceil(nowMs) }
}

/** Writes or reads that the position of a session does not cover yet. */
export interface PendingFloor {
  readonly sinceMs: number
  /** The floor that will cover them. Absent when none was requested. */
  readonly floor: Floor | undefined
  /**
   * Position that the session's token claims, until `floor` shows whether that is possible. Absent when anything else
   * is pending.
   */
  readonly claimed: Position | undefined
}

/**
 * The scope of a consistency promise: a user, a request, a job. It is not a connection. Costs one small object and no
 * timer.
 */
export interface Session {
  /** Consistency of its reads. Absent: the pool's. */
  readonly consistency: Consistency | undefined
  /** Tier of its statements. Absent: not set. */
  readonly tier: string | undefined
  /**
   * When (our clock, milliseconds) a statement of the session that may have written last ended. `undefined` while it
   * has not written.
   */
  readonly lastWriteAtMs: number | undefined
  /** Position that its reads must show, as far as it is known: from floors, and from the token that it started with. */
  readonly position: Position | undefined
  /**
   * Since when (our clock, milliseconds) it has written or seen something that `position` does not cover yet.
   * `undefined` when `position` covers everything.
   */
  readonly floorPendingSinceMs: number | undefined
  /** The floor that will cover it. */
  readonly pending: PendingFloor | undefined
  /** Until then (our clock, milliseconds) it reads from the primary, because its token has no position. */
  readonly primaryUntilMs: number | undefined
  /**
   * The reads that its next one must not fall behind, at most one per server. They are the last one and those that ran
   * with it. Only reads on replicas, and only in an explicit session. While empty, the primary is known to show
   * everything that the session has seen.
   */
  readonly lastReads: readonly SeenRead[]
  /**
   * When (our clock, milliseconds) the session last wrote or saw something that this read may show and that neither
   * `position` nor a claim covers. `undefined` for nothing.
   */
  changedAtMs(read: Statement, execution: Execution): number | undefined
}

export interface SessionStart {
  readonly consistency?: Consistency | undefined
  readonly tier?: string | undefined
  readonly position?: Position | undefined
  readonly primaryUntilMs?: number | undefined
  /** That of its parent. */
  readonly lastWriteAtMs?: number | undefined
  /** The enclosing session. It sees what this session writes. */
  readonly parent?: MutableSession | undefined
  /** Whether its reads must never go backwards. */
  readonly isMonotonic?: boolean
  /** Those of its parent, or of the session that its token was taken from. */
  readonly lastReads?: readonly SeenRead[]
}

/**
 * Certainty that a statement may have written. `pending`: it reads relations, and the catalog is not loaded yet, so one
 * of them may be a view that writes.
 */
export type WriteCertainty = 'certain' | 'pending'

/** A write that has ended, as its session records it. */
export interface EndedWrite {
  /** When it ended (our clock, milliseconds). */
  readonly atMs: number
  /** A floor that covers it. Absent when none was requested. */
  readonly floor: Floor | undefined
  readonly certainty: WriteCertainty
  /** Relations that it may have changed. */
  readonly changes: Touched
}

/** Sessions with only `pending` writes: few, and for a short time. A field would cost memory in every session. */
const pendingOnly = new WeakSet<MutableSession>()

/** A session with the methods that record its events. */
export interface MutableSession extends Session {
  /** True once it or a session within it has written. `pending` writes do not count. */
  readonly hasWritten: boolean
  /** The enclosing session. It sees what this session writes. */
  readonly parent: MutableSession | undefined
  /** Records that a statement that may have written has ended, without its parents: see `recordWrite`. */
  wrote(write: EndedWrite): void
  /**
   * Records a read that a replica answered.
   * @param before The last reads at the time of routing: the read shows everything that they showed
   */
  readFrom(read: SeenRead, before?: readonly SeenRead[]): void
  /**
   * Records a read on the primary, which `floor` covers.
   * @param before Last reads whose data the primary is proven to have shown
   * @param shown What the primary has shown. @defaultValue everything
   */
  saw(nowMs: number, floor: Floor, before: readonly SeenRead[], shown?: Touched): void
  /** Records that the primary shows what these last reads showed, and that a floor covers it. */
  shows(reads: readonly SeenRead[]): void
  /** Records that the servers of these last reads are gone. `floor` covers what they showed. */
  lost(reads: readonly SeenRead[], nowMs: number, floor: Floor): void
  /** Records a token's claim that it has written up to `position`. `floor` will show whether that is possible. */
  claims(position: Position, nowMs: number, floor: Floor): void
  /** Applies its floor if that is settled. Returns false when the floor contradicts the claim. */
  settle(): boolean
  /** Makes later reads show this position. */
  mustShow(position: Position): void
}

const NO_READS: readonly SeenRead[] = []

export function createSession(start: SessionStart = {}): MutableSession {
  return new CompactSession(start)
}

/** Records that a statement that may have written has ended, in its session and in all sessions around that. */
export function recordWrite(session: MutableSession, write: EndedWrite): void {
  for (let each: MutableSession | undefined = session; each !== undefined; each = each.parent)
    each.wrote(write)
}

/** Initial state that few sessions have. */
interface Beginning {
  readonly consistency: Consistency | undefined
  readonly tier: string | undefined
  readonly primaryUntilMs: number | undefined
  readonly lastWriteAtMs: number | undefined
}

/** Stores a single read without an array, which would double its size. Most often there is one. */
function compact(reads: readonly SeenRead[]): readonly SeenRead[] | SeenRead {
  const [first] = reads
  if (first === undefined) return NO_READS
  return reads.length === 1 ? first : reads
}

function beginningOf(start: SessionStart): Beginning | undefined {
  const { consistency, tier, primaryUntilMs, lastWriteAtMs } = start
  const isEmpty = (consistency ?? tier ?? primaryUntilMs ?? lastWriteAtMs) === undefined
  return isEmpty ? undefined : { consistency, tier, primaryUntilMs, lastWriteAtMs }
}

/**
 * There may be a million sessions, so they have few fields, and no private methods, which would add one. Times are
 * whole milliseconds, rounded up: that errs towards fresher data, and small integers need no heap object.
 */
export class CompactSession implements MutableSession {
  readonly parent: MutableSession | undefined
  readonly #beginning: Beginning | undefined
  #ownWriteAtMs: number | undefined
  #pending: PendingFloor | undefined
  /**
   * First position on its timeline, shared between sessions. The current LSN is a separate field, to save an object.
   */
  #base: Position | undefined
  #lsn: Lsn | undefined
  /** `undefined` in sessions that are not monotonic. */
  #lastReads: readonly SeenRead[] | SeenRead | undefined

  constructor(start: SessionStart) {
    this.parent = start.parent
    this.#beginning = beginningOf(start)
    this.#base = start.position
    this.#lsn = start.position?.lsn
    this.#lastReads = start.isMonotonic === true ? compact(start.lastReads ?? NO_READS) : undefined
  }

  get consistency(): Consistency | undefined {
    return this.#beginning?.consistency
  }

  get tier(): string | undefined {
    return this.#beginning?.tier
  }

  get primaryUntilMs(): number | undefined {
    return this.#beginning?.primaryUntilMs
  }

  get hasWritten(): boolean {
    return this.#ownWriteAtMs !== undefined && !pendingOnly.has(this)
  }

  get lastWriteAtMs(): number | undefined {
    return this.#ownWriteAtMs ?? this.#beginning?.lastWriteAtMs
  }

  get position(): Position | undefined {
    const base = this.#base
    const lsn = this.#lsn
    if (base === undefined || lsn === undefined || base.lsn === lsn) return base
    return { systemIdentifier: base.systemIdentifier, timeline: base.timeline, lsn }
  }

  get floorPendingSinceMs(): number | undefined {
    return this.#pending?.sinceMs
  }

  get pending(): PendingFloor | undefined {
    return this.#pending
  }

  get lastReads(): readonly SeenRead[] {
    if (this.#lastReads === undefined) return NO_READS
    return 'atMs' in this.#lastReads ? [this.#lastReads] : this.#lastReads
  }

  changedAtMs(_read: Statement, _execution: Execution): number | undefined {
    return this.#pending?.claimed === undefined ? this.#pending?.sinceMs : undefined
  }

  wrote({ atMs, certainty, floor }: EndedWrite): void {
    if (certainty !== 'pending') pendingOnly.delete(this)
    else if (this.#ownWriteAtMs === undefined) pendingOnly.add(this)
    this.#ownWriteAtMs = Math.ceil(atMs)
    this.#pending = pendingFloor(atMs, floor)
  }

  readFrom(read: SeenRead, before?: readonly SeenRead[]): void {
    if (this.#lastReads === undefined) return
    const beside = this.lastReads.filter(
      (each) => before?.includes(each) === false && each.serverIdentity !== read.serverIdentity,
    )
    this.#lastReads = compact([read, ...beside])
  }

  saw(nowMs: number, floor: Floor, before: readonly SeenRead[], _shown?: Touched): void {
    this.#pending = pendingFloor(nowMs, floor)
    this.shows(before)
  }

  shows(reads: readonly SeenRead[]): void {
    if (reads.length > 0) this.#lastReads = compact(without(this.lastReads, reads))
  }

  lost(reads: readonly SeenRead[], nowMs: number, floor: Floor): void {
    this.#pending = pendingFloor(nowMs, floor)
    const atMs = Math.max(...reads.map((each) => each.atMs))
    this.#lastReads = compact([...without(this.lastReads, reads), seenRead(undefined, atMs)])
  }

  claims(position: Position, nowMs: number, floor: Floor): void {
    const isAllThereIs = this.#pending === undefined
    this.#pending = pendingFloor(nowMs, floor, isAllThereIs ? position : undefined)
  }

  settle(): boolean {
    if (this.#pending === undefined) return true
    const { claimed, floor, sinceMs } = this.#pending
    if (floor === undefined || floor.state.name === 'asked') return true
    if (floor.state.name === 'failed') {
      this.#pending = { sinceMs, claimed, floor: undefined }
      return true
    }
    this.#pending = undefined
    const isBelieved = claimed !== undefined && shows(floor.state.position, claimed)
    this.mustShow(isBelieved ? claimed : floor.state.position)
    return claimed === undefined || isBelieved
  }

  mustShow(position: Position): void {
    const known = this.position
    const { systemIdentifier, timeline, lsn } = known === undefined ? position : later(known, position)
    const isOnBase = this.#base?.timeline === timeline && this.#base.systemIdentifier === systemIdentifier
    if (!isOnBase) this.#base = position
    this.#lsn = lsn
  }
}

function without(all: readonly SeenRead[], reads: readonly SeenRead[]): readonly SeenRead[] {
  return all.filter((each) => !reads.includes(each))
}

/** A later floor covers everything that an earlier one does. A claim covers nothing else that is pending. */
function pendingFloor(nowMs: number, floor: Floor | undefined, claimed?: Position): PendingFloor {
  return { sinceMs: Math.ceil(nowMs), floor, claimed }
}
