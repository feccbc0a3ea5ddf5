import type { Fence } from './fence.ts'
import type { Consistency } from './mode.ts'
import { later, shows, type Position } from './position.ts'

/** A read that was answered: what it saw is not known more exactly than that its server had it by then. */
export interface SeenRead {
  /** Tells servers apart, and one from itself after a restart: then it may have gone backwards. */
  readonly serverIdentity: string
  /** When the answer came (our clock, milliseconds). */
  readonly atMs: number
}

/**
 * The scope of a consistency promise: a user, a request, a job. It is not a connection. Costs one small object and no
 * timer.
 */
export interface Session {
  /** What its reads may show. Absent: as the pool's. */
  readonly consistency: Consistency | undefined
  /** The class of work that its statements belong to. Absent: none of its own. */
  readonly tier: string | undefined
  /**
   * When (our clock, milliseconds) the session last heard the outcome of something that may have written. `undefined`
   * while it has not written.
   */
  readonly lastWriteAtMs: number | undefined
  /** What its reads must show, as far as it is known: from fences, and from the token that it began with. */
  readonly position: Position | undefined
  /**
   * Since when (our clock, milliseconds) it has written or seen something that `position` is not known to cover.
   * `undefined` while there is no such thing.
   */
  readonly unfencedSinceMs: number | undefined
  /** The fence that will cover it. Absent when none was asked for. */
  readonly fence: Fence | undefined
  /** Until then (our clock, milliseconds) it reads from the primary: its token could say no position. */
  readonly primaryUntilMs: number | undefined
  /**
   * The reads that its next one must not fall behind, one per server at most: the last one, and those that were under way
   * at the same time. Only of replicas, and only in a session of its own.
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
}

/** A session as its owner sees it: what happened in it is told to it. */
export interface MutableSession extends Session {
  /** Sees what this session writes, too. */
  readonly parent: MutableSession | undefined
  /** The outcome of a write, or of something that may have been one, was heard at `nowMs`. Tells all its parents, too. */
  wrote(nowMs: number, fence: Fence | undefined): void
  /** As `wrote`, of this session alone. */
  wroteByItself(nowMs: number, fence: Fence | undefined): void
  /**
   * A read was answered by a replica.
   * @param before The last reads when it was routed: it shows all that they showed
   */
  readFrom(read: SeenRead, before?: readonly SeenRead[]): void
  /** Something was seen that `fence` covers: on the primary, or on a server that is gone. */
  saw(nowMs: number, fence: Fence): void
  /** It is said to have written up to `position`, and `fence` will show whether that can be. */
  claims(position: Position, nowMs: number, fence: Fence): void
  /** Takes over what its fence has brought. Gives false when that contradicts what was claimed. */
  settle(): boolean
  /** Its reads must show this position from now on. */
  mustShow(position: Position): void
}

const NO_READS: readonly SeenRead[] = []

export function createSession(start: SessionStart = {}): MutableSession {
  return new PlainSession(start)
}

class PlainSession implements MutableSession {
  readonly consistency: Consistency | undefined
  readonly tier: string | undefined
  readonly primaryUntilMs: number | undefined
  readonly parent: MutableSession | undefined
  readonly #isMonotonic: boolean
  #lastWriteAtMs: number | undefined
  #unfencedSinceMs: number | undefined
  #position: Position | undefined
  #claimed: Position | undefined
  #fence: Fence | undefined
  #lastReads: readonly SeenRead[] = NO_READS

  constructor(start: SessionStart) {
    const { consistency, tier, position, primaryUntilMs, lastWriteAtMs, parent, isMonotonic = false } = start
    this.consistency = consistency
    this.tier = tier
    this.primaryUntilMs = primaryUntilMs
    this.parent = parent
    this.#isMonotonic = isMonotonic
    this.#position = position
    this.#lastWriteAtMs = lastWriteAtMs
  }

  get lastWriteAtMs(): number | undefined {
    return this.#lastWriteAtMs
  }

  get position(): Position | undefined {
    return this.#position
  }

  get unfencedSinceMs(): number | undefined {
    return this.#unfencedSinceMs
  }

  get fence(): Fence | undefined {
    return this.#fence
  }

  get lastReads(): readonly SeenRead[] {
    return this.#lastReads
  }

  wrote(nowMs: number, fence: Fence | undefined): void {
    // No recursion: code that begins each session within the one before builds a chain of any length.
    let session: MutableSession | undefined = this.parent
    this.wroteByItself(nowMs, fence)
    for (; session !== undefined; session = session.parent) session.wroteByItself(nowMs, fence)
  }

  wroteByItself(nowMs: number, fence: Fence | undefined): void {
    this.#lastWriteAtMs = nowMs
    this.#await(nowMs, fence)
  }

  readFrom(read: SeenRead, before: readonly SeenRead[] = this.#lastReads): void {
    if (!this.#isMonotonic) return
    const beside = this.#lastReads.filter(
      (each) => !before.includes(each) && each.serverIdentity !== read.serverIdentity,
    )
    this.#lastReads = [read, ...beside]
  }

  saw(nowMs: number, fence: Fence): void {
    this.#await(nowMs, fence)
    this.#lastReads = NO_READS
  }

  claims(position: Position, nowMs: number, fence: Fence): void {
    const isAllThereIs = this.#unfencedSinceMs === undefined
    this.#await(nowMs, fence)
    // What the fence has to cover besides is not covered by the claim.
    if (isAllThereIs) this.#claimed = position
  }

  settle(): boolean {
    const state = this.#fence?.state
    if (state === undefined || state.name === 'asked') return true
    this.#fence = undefined
    if (state.name === 'failed') return true
    const claimed = this.#claimed
    this.#claimed = undefined
    this.#unfencedSinceMs = undefined
    const isBelieved = claimed !== undefined && shows(state.position, claimed)
    this.mustShow(isBelieved ? claimed : state.position)
    return claimed === undefined || isBelieved
  }

  mustShow(position: Position): void {
    this.#position = this.#position === undefined ? position : later(this.#position, position)
  }

  /** A later fence covers all that an earlier one does. */
  #await(nowMs: number, fence: Fence | undefined): void {
    this.#unfencedSinceMs = nowMs
    this.#fence = fence
    this.#claimed = undefined
  }
}
