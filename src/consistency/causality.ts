import { deadline } from '../platform/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Floor } from './floor.ts'
import { FloorKeeper } from './floor-keeper.ts'
import { later, shows, type Position } from './position.ts'
import { behindError } from './behind-error.ts'
import { PrimaryProof, type Patience } from './primary-proof.ts'
import { createSession, seenRead, type MutableSession, type SeenRead, type SessionStart } from './session.ts'
import { SessionAlias } from './session-alias.ts'
import type { Showing, Unshown } from './unshown.ts'

/** A primary that could not tell its position is not asked again by reads for so long, in milliseconds. */
const FAILED_FOR_MS = 250

/** How long a question to the primary may take whose answer decides about an error, in milliseconds. */
const ANSWER_MS = 500

/** Sessions around a session, the pool's included. */
const DEEPEST = 16

function depthOf(session: MutableSession): number {
  let depth = 0
  for (let each = session.parent; each !== undefined; each = each.parent) depth += 1
  return depth
}

/** One look. */
const NO_PATIENCE: Patience = { certainMs: 0, uncertainMs: 0 }

export interface CausalityOptions {
  readonly platform: Platform
  /** Asks the primary for a position at or after all that has been committed by now. */
  readonly ask: () => Promise<Position | undefined>
  /** Whether a server of this identity is there, and answers. */
  readonly hasServer: (serverIdentity: string) => boolean
  /** Looks for what the primary does not show and this server may have shown; see `PrimaryProof`. */
  readonly look: (serverIdentity: string | undefined) => Promise<Unshown | undefined>
  /** How long a read waits for its session's floor, in milliseconds. */
  readonly catchUpTimeoutMs: number
  /** How long a read waits for a node that can serve it at all, in milliseconds. */
  readonly failoverTimeoutMs: number
  /** A session began with a token of a position that the primary has not reached. */
  readonly claimRejected: () => void
}

/** Keeps sessions' promises: asks for floors when something happens that has to be covered, and hands over what they bring. */
export class Causality {
  readonly #options: CausalityOptions
  readonly #keeper: FloorKeeper
  readonly #proof: PrimaryProof
  #failedAtMs = -Infinity
  #start: Position | undefined
  /** Every session's reads must show it. */
  #commonFloor: Position | undefined
  /** Brings the next floor. */
  #rising: { readonly floor: Floor; readonly sinceMs: number } | undefined

  constructor(options: CausalityOptions) {
    this.#options = options
    this.#proof = new PrimaryProof(options)
    this.#keeper = new FloorKeeper(async () => {
      const position = await options.ask().catch(() => undefined)
      if (position === undefined) this.#failedAtMs = options.platform.now()
      return position
    }, options.platform)
  }

  close(): void {
    this.#keeper.close()
  }

  /** Questions that the primary was asked so far. */
  get floorsAsked(): number {
    return this.#keeper.asked
  }

  /** A floor for everything that has been committed by now. */
  request(): Floor {
    return this.#keeper.request()
  }

  /** A position at or after everything that has been committed by now; `undefined` when it cannot be had soon. */
  async committed(): Promise<Position | undefined> {
    const floor = this.request()
    await this.#within(floor.settled(), ANSWER_MS)
    return floor.state.name === 'known' ? floor.state.position : undefined
  }

  /** The session is said to have written up to `position`, by a token. */
  claim(session: MutableSession, position: Position, primary: NodeView | undefined): void {
    const seen = primary?.state.name === 'up' ? primary.state.observation : undefined
    const { lsn, systemIdentifier, timeline } = seen ?? {}
    const isKnown = lsn !== undefined && systemIdentifier !== undefined && timeline !== undefined
    if (isKnown && shows({ lsn, systemIdentifier, timeline }, position)) session.mustShow(position)
    else session.claims(position, this.#options.platform.now(), this.request())
  }

  /** A session that has nothing to do with what the rest of the process wrote, though the rest sees what it writes. */
  begin(implicit: MutableSession, start: SessionStart): MutableSession {
    return createSession({ ...start, parent: implicit, isMonotonic: true, position: this.#start })
  }

  /**
   * A session within another one: it begins with what that one knows, and that one sees what it writes. Code that begins each
   * session within the one before would build a chain without end: from a depth on they are one session, which promises each
   * of them more than it asks for.
   */
  beginWithin(parent: MutableSession, start: SessionStart): MutableSession {
    const { floor, lastReads, lastWriteAtMs, position, floorPendingSinceMs } = parent
    const latestMs = Math.max(parent.primaryUntilMs ?? 0, start.primaryUntilMs ?? 0)
    const primaryUntilMs = latestMs === 0 ? undefined : latestMs
    if (depthOf(parent) >= DEEPEST) {
      const { consistency, tier } = start
      const alias = new SessionAlias(parent, { consistency, tier, primaryUntilMs })
      for (const read of start.lastReads ?? []) alias.readFrom(read, [])
      return alias
    }
    const session = createSession({
      ...start,
      parent,
      isMonotonic: true,
      lastWriteAtMs,
      position,
      primaryUntilMs,
      lastReads: [...lastReads, ...(start.lastReads ?? [])],
    })
    if (floorPendingSinceMs !== undefined) session.saw(floorPendingSinceMs, floor ?? this.request(), [])
    return session
  }

  /**
   * Where the cluster was when its primary was seen: nobody reads older than where it first was. A new timeline is another
   * start. What is left of the old one lies before it, and nobody waits for what is lost.
   */
  primaryAt(position: Position, implicit: MutableSession): void {
    if (this.#start !== undefined && this.#start.timeline >= position.timeline) return
    this.#start = position
    implicit.mustShow(position)
  }

  /** Of the cluster; `undefined` until its primary was seen. */
  get systemIdentifier(): string | undefined {
    return this.#start?.systemIdentifier
  }

  /**
   * A position that covers what the session has written and seen, as soon as it can be had; `undefined` when it cannot. The
   * primary shows all of that if the session has no last reads by then.
   */
  async positionOf(session: MutableSession, timeoutMs: number): Promise<Position | undefined> {
    const { platform } = this.#options
    this.#lift(session)
    this.#settle(session)
    const reads = session.lastReads
    if (reads.length > 0) {
      const floor = this.request()
      session.saw(platform.now(), floor, [])
      const showing = await this.#within(this.#proof.prove(reads, NO_PATIENCE), timeoutMs)
      if (showing === 'shown') session.shows(reads)
    }
    if (session.floorPendingSinceMs !== undefined) {
      if (session.floor === undefined) session.saw(session.floorPendingSinceMs, this.request(), [])
      await this.#settled(session, timeoutMs)
    }
    return session.floorPendingSinceMs === undefined ? session.position : undefined
  }

  /**
   * A read of the session was answered by this node.
   * @param before Last reads of the session of which it is proven that the answer shows all that they showed
   * @param upTo What the node had replayed behind the answer, where it was asked: then nobody has to ask that server again
   */
  answered(
    session: MutableSession,
    { role, state }: NodeView,
    before: readonly SeenRead[],
    upTo?: Position,
  ): void {
    const nowMs = this.#options.platform.now()
    if (upTo !== undefined && this.#isOnTimelineOf(session, upTo)) {
      session.mustShow(upTo)
      return session.readFrom(seenRead(undefined, nowMs), before)
    }
    if (role !== 'replica' || state.name !== 'up') session.saw(nowMs, this.request(), before)
    else session.readFrom(seenRead(state.observation.serverIdentity, nowMs), before)
  }

  /** Something was seen on the primary. */
  sawPrimary(session: MutableSession): void {
    session.saw(this.#options.platform.now(), this.request(), [])
  }

  /** Sessions have been told to see what is committed by now: from now on every read does, whatever its session. */
  synchronize(): void {
    this.#rising = { floor: this.request(), sinceMs: this.#options.platform.now() }
  }

  /** Whether the primary shows what these reads have shown: for reads that could go elsewhere, too, and so not for long. */
  showing(reads: readonly SeenRead[]): Promise<Showing> {
    return this.#proof.prove(reads, this.#patience(this.#options.catchUpTimeoutMs))
  }

  /**
   * Resolves when the primary shows what the session has seen, or when it cannot be told; `undefined` when it is known to.
   * Rejects with `SWITCHYARD_PRIMARY_BEHIND`.
   */
  shown(session: MutableSession): Promise<void> | undefined {
    const { lastReads } = session
    if (lastReads.length === 0) return undefined
    const patience = this.#patience(this.#options.failoverTimeoutMs)
    return this.#proof.prove(lastReads, patience).then((showing) => {
      if (showing === 'hidden') throw behindError()
    })
  }

  /**
   * Gives the promise that a read of the session awaits before it can be routed; `undefined` when it need not wait. Where no position can
   * be had, it goes to the primary, and so that has to show what the session has seen.
   */
  awaited(session: MutableSession): Promise<void> | undefined {
    const { catchUpTimeoutMs } = this.#options
    if (this.#rising?.floor.state.name === 'asked' && catchUpTimeoutMs > 0) {
      const { floor } = this.#rising
      return this.#within(floor.settled(), catchUpTimeoutMs).then(() => this.#awaited(session))
    }
    return this.#awaited(session)
  }

  #awaited(session: MutableSession): Promise<void> | undefined {
    const { hasServer, platform } = this.#options
    this.#lift(session)
    this.#settle(session)
    // It began before the cluster was looked at, or on an older timeline.
    if (this.#start !== undefined && (session.position?.timeline ?? 0) < this.#start.timeline) {
      session.mustShow(this.#start)
    }
    const lost = session.lastReads.filter(
      ({ serverIdentity }) => serverIdentity !== undefined && !hasServer(serverIdentity),
    )
    if (lost.length > 0) session.lost(lost, platform.now(), this.request())
    const awaited = this.#awaitFloor(session)
    const shown = (): Promise<void> | undefined =>
      session.floorPendingSinceMs === undefined ? undefined : this.shown(session)
    return awaited === undefined ? shown() : awaited.then(shown)
  }

  /** Has the session's reads show what every session's must. */
  #lift(session: MutableSession): void {
    const { platform } = this.#options
    if (this.#rising !== undefined) {
      const { floor, sinceMs } = this.#rising
      const { state } = floor
      if (state.name === 'known') {
        this.#commonFloor =
          this.#commonFloor === undefined ? state.position : later(this.#commonFloor, state.position)
        this.#rising = undefined
      } else {
        // What is committed by now covers it all the same.
        const isDue = state.name === 'failed' && platform.now() - this.#failedAtMs >= FAILED_FOR_MS
        if (isDue) this.#rising = { floor: this.request(), sinceMs }
        session.saw(Math.max(sinceMs, session.floorPendingSinceMs ?? sinceMs), this.request(), [])
      }
    }
    const common = this.#commonFloor
    if (common === undefined) return
    const { position } = session
    if (position === undefined || !shows(position, common)) session.mustShow(common)
  }

  /** Whether positions of a replica and of primaries can be compared: only where all are on one timeline. */
  #isOnTimelineOf({ position }: MutableSession, { timeline }: Position): boolean {
    return timeline === this.#start?.timeline && timeline === (position?.timeline ?? timeline)
  }

  #awaitFloor(session: MutableSession): Promise<void> | undefined {
    const { platform, catchUpTimeoutMs } = this.#options
    if (session.floorPendingSinceMs === undefined || catchUpTimeoutMs === 0) return undefined
    // A floor that failed, or was never asked for: what is committed by now covers it all the same.
    if (session.floor === undefined) {
      if (platform.now() - this.#failedAtMs < FAILED_FOR_MS) return undefined
      session.saw(session.floorPendingSinceMs, this.request(), [])
    }
    return this.#settled(session, catchUpTimeoutMs)
  }

  #patience(certainMs: number): Patience {
    return { certainMs, uncertainMs: Math.min(certainMs, this.#options.catchUpTimeoutMs) }
  }

  /** Others wrote: the session reads that too, if the primary can tell in time how far it is. */
  async hears(session: MutableSession): Promise<void> {
    const floor = this.request()
    if (this.#options.catchUpTimeoutMs === 0) return session.saw(this.#options.platform.now(), floor, [])
    await this.#within(floor.settled(), this.#options.catchUpTimeoutMs)
    if (floor.state.name === 'known') session.mustShow(floor.state.position)
  }

  async #settled(session: MutableSession, timeoutMs: number): Promise<void> {
    const { floor } = session
    if (floor === undefined) return
    await this.#within(floor.settled(), timeoutMs)
    this.#settle(session)
  }

  /** `undefined` when the time is over first. */
  async #within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
    const { platform } = this.#options
    const release = platform.holdOpen()
    const value = await new Promise<T | undefined>((resolve) => {
      const timer = deadline(platform, timeoutMs, () => resolve(undefined))
      void promise.then((came) => {
        timer.cancel()
        resolve(came)
      })
    })
    release()
    return value
  }

  #settle(session: MutableSession): void {
    if (!session.settle()) this.#options.claimRejected()
  }
}
