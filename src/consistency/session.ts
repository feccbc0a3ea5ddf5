import type { Lsn } from '../topology/lsn.ts'
import type { Floor } from './floor.ts'
import type { Consistency } from './mode.ts'
import { later, shows, type Position } from './position.ts'

/** A read that was answered: what it saw is not known more exactly than that its server had it by then. */
export interface SeenRead {
  /**
   * Tells servers apart, and one from itself after a restart: then it may have gone backwards. `undefined` when the server is
   * gone: then the session's position covers what was seen, for replicas; the primary may show it later still.
   */
  readonly serverIdentity: string | undefined
  /** When the answer came (our clock, milliseconds). */
  readonly atMs: number
}

/** A read that was answered at `nowMs`. Moments are kept as whole milliseconds: such numbers take no memory of their own. */
export function seenRead(serverIdentity: string | undefined, nowMs: number): SeenRead {
  return { serverIdentity, atMs: Math.ceil(nowMs) }
}

/**
 * The scope of a consistency promise: a user, a request, a job. It is not a connection. Costs one small object and no
 * timer.
 */
export interface Session {
  /** The promise about the data that its reads show. Absent: as the pool's. */
  readonly consistency: Consistency | undefined
  /** The class of work that its statements belong to. Absent: none of its own. */
  readonly tier: string | undefined
  /**
   * When (our clock, milliseconds) the session last heard the outcome of something that may have written. `undefined`
   * while it has not written.
   */
  readonly lastWriteAtMs: number | undefined
  /** The position that its reads must show, as far as it is known: from floors, and from the token that it began with. */
  readonly position: Position | undefined
  /**
   * Since when (our clock, milliseconds) it has written or seen something that `position` is not known to cover.
   * `undefined` while there is no such thing.
   */
  readonly floorPendingSinceMs: number | undefined
  /** The floor that will cover it. Absent when none was asked for. */
  readonly floor: Floor | undefined
  /** Until then (our clock, milliseconds) it reads from the primary: its token could say no position. */
  readonly primaryUntilMs: number | undefined
  /**
   * The reads that its next one must not fall behind, one per server at most: the last one, and those that were under way
   * at the same time. Only of replicas, and only in a session of its own. While there is none, the primary is known to show
   * all that the session has seen.
   */
  readonly lastReads: readonly SeenRead[]
}

export interface SessionStart {
  readonly consistency?: Consistency | undefined
  readonly tier?: string | undefined
  readonly position?: Position | undefined
  readonly primaryUntilMs?: number | undefined
  /** Of the session around it. */
  readonly lastWriteAtMs?: number | undefined
  /** Sees what this session writes, too. */
  readonly parent?: MutableSession | undefined
  /** Whether it promises that its reads never go backwards. */
  readonly isMonotonic?: boolean
  /** Of the session around it, or of the one that its token was taken from. */
  readonly lastReads?: readonly SeenRead[]
}

/**
 * How sure it is that a statement may have written. `pending`: it reads relations, and only the catalog, which is not there
 * yet, could tell that one of them is a view that writes.
 */
export type WriteCertainty = 'certain' | 'pending'

/** Sessions of which all writes were pending: few, and for a moment. A field would cost every session memory. */
const pendingOnly = new WeakSet<MutableSession>()

/** A session as its owner sees it: what happened in it is told to it. */
export interface MutableSession extends Session {
  /** True once it has written by itself, or something within it has. What has only `pending` writes has not. */
  readonly hasWritten: boolean
  /** Sees what this session writes, too. */
  readonly parent: MutableSession | undefined
  /** The outcome of a write, or of something that may have been one, was heard at `nowMs`. Tells all its parents, too. */
  wrote(nowMs: number, floor: Floor | undefined, certainty?: WriteCertainty): void
  /** As `wrote`, of this session alone. */
  wroteByItself(nowMs: number, floor: Floor | undefined, certainty?: WriteCertainty): void
  /**
   * A read was answered by a replica.
   * @param before The last reads when it was routed: it shows all that they showed
   */
  readFrom(read: SeenRead, before?: readonly SeenRead[]): void
  /**
   * Something was seen that `floor` covers, on the primary.
   * @param before Last reads of which it is proven that the primary showed all that they showed
   */
  saw(nowMs: number, floor: Floor, before: readonly SeenRead[]): void
  /** The primary shows what these last reads showed, and a floor covers it. */
  shows(reads: readonly SeenRead[]): void
  /** The servers of these last reads are gone; `floor` covers what they showed. */
  lost(reads: readonly SeenRead[], nowMs: number, floor: Floor): void
  /** It is said to have written up to `position`, and `floor` will show whether that can be. */
  claims(position: Position, nowMs: number, floor: Floor): void
  /** Takes over what its floor has brought. Gives false when that contradicts what was claimed. */
  settle(): boolean
  /** Its reads must show this position from now on. */
  mustShow(position: Position): void
}

const NO_READS: readonly SeenRead[] = []

export function createSession(start: SessionStart = {}): MutableSession {
  return new CompactSession(start)
}

/** Parts of a start that few sessions have. */
interface Beginning {
  readonly consistency: Consistency | undefined
  readonly tier: string | undefined
  readonly primaryUntilMs: number | undefined
  readonly lastWriteAtMs: number | undefined
}

/** Something that the position is not known to cover yet. */
interface PendingFloor {
  readonly sinceMs: number
  readonly floor: Floor | undefined
  /** It is said to be this, and nothing else is pending. */
  readonly claimed: Position | undefined
}

/** Most often there is one, and an array around it would be twice as large. */
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
 * There may be a million of them, so they have few fields, and no private methods, which would be another one. Moments are kept
 * as whole milliseconds, rounded up: that errs towards the fresher, and such numbers take no memory of their own.
 */
class CompactSession implements MutableSession {
  readonly parent: MutableSession | undefined
  readonly #beginning: Beginning | undefined
  #ownWriteAtMs: number | undefined
  #pending: PendingFloor | undefined
  /** The first position of its timeline, which sessions share. How far it has come since is kept without an object around it. */
  #base: Position | undefined
  #lsn: Lsn | undefined
  /** `undefined` where nothing is promised that needs them. */
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

  get floor(): Floor | undefined {
    return this.#pending?.floor
  }

  get lastReads(): readonly SeenRead[] {
    if (this.#lastReads === undefined) return NO_READS
    return 'atMs' in this.#lastReads ? [this.#lastReads] : this.#lastReads
  }

  wrote(nowMs: number, floor: Floor | undefined, certainty?: WriteCertainty): void {
    // No recursion: chains may be long.
    let session: MutableSession | undefined = this.parent
    this.wroteByItself(nowMs, floor, certainty)
    for (; session !== undefined; session = session.parent) session.wroteByItself(nowMs, floor, certainty)
  }

  wroteByItself(nowMs: number, floor: Floor | undefined, certainty?: WriteCertainty): void {
    if (certainty !== 'pending') pendingOnly.delete(this)
    else if (this.#ownWriteAtMs === undefined) pendingOnly.add(this)
    this.#ownWriteAtMs = Math.ceil(nowMs)
    this.#pending = pendingFloor(nowMs, floor)
  }

  readFrom(read: SeenRead, before?: readonly SeenRead[]): void {
    if (this.#lastReads === undefined) return
    const beside = this.lastReads.filter(
      (each) => before?.includes(each) === false && each.serverIdentity !== read.serverIdentity,
    )
    this.#lastReads = compact([read, ...beside])
  }

  saw(nowMs: number, floor: Floor, before: readonly SeenRead[]): void {
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

/** A later floor covers all that an earlier one does, and what the floor has to cover besides no claim covers. */
function pendingFloor(nowMs: number, floor: Floor | undefined, claimed?: Position): PendingFloor {
  return { sinceMs: Math.ceil(nowMs), floor, claimed }
}
