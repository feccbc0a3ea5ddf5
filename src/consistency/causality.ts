import type { Platform } from '../platform/platform.ts'
import { within } from '../platform/within.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Floor } from './floor.ts'
import { FloorKeeper } from './floor-keeper.ts'
import { later, shows, type Position } from './position.ts'
import { behindError } from './behind-error.ts'
import { PrimaryProof, type Patience } from './primary-proof.ts'
import { createSession, seenRead, type MutableSession, type SeenRead, type SessionStart } from './session.ts'
import { SessionAlias } from './session-alias.ts'
import type { Touched } from './touched.ts'
import type { ShowingProof, Unshown } from './unshown.ts'

/** After a failed request for a floor, reads do not request another one for this long, in milliseconds. */
const FAILED_FOR_MS = 250

/** Timeout of `committed()`, in milliseconds. */
const ANSWER_MS = 500

/** Maximum nesting depth of sessions, the pool's own included. */
const DEEPEST = 16

function depthOf(session: MutableSession): number {
  let depth = 0
  for (let each = session.parent; each !== undefined; each = each.parent) depth += 1
  return depth
}

/** A single attempt without waiting. */
const NO_PATIENCE: Patience = { certainMs: 0, uncertainMs: 0 }

export interface CausalityOptions {
  readonly platform: Platform
  /** Reads a position on the primary at or after everything committed before the call. */
  readonly ask: () => Promise<Position | undefined>
  /** Whether a server with this identity is up. */
  readonly hasServer: (serverIdentity: string) => boolean
  /** See `PrimaryProofOptions`. */
  readonly look: (serverIdentity: string | undefined) => Promise<Unshown | undefined>
  /** See `PrimaryProofOptions`. */
  readonly heard: (serverIdentity: string, atMs: number) => Promise<void> | undefined
  /** How long a read waits for its session's floor, in milliseconds. */
  readonly catchUpTimeoutMs: number
  /** How long a read waits for a node that can serve it, in milliseconds. */
  readonly failoverTimeoutMs: number
  /** Called when a session started with a token whose position the primary has not reached. */
  readonly claimRejected: () => void
}

/** Implements causal consistency: requests floors for what sessions write and see, and applies them to the sessions. */
export class Causality {
  readonly #options: CausalityOptions
  readonly #keeper: FloorKeeper
  readonly #proof: PrimaryProof
  /** Reads whose data the primary is proven to show. It shows that from then on. */
  readonly #shownReads = new WeakSet<SeenRead>()
  #failedAtMs = -Infinity
  #start: Position | undefined
  /** Position that the reads of every session must show. */
  #commonFloor: Position | undefined
  /** Request that raises `#commonFloor`. */
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

  /** Number of floors that were requested from the primary. */
  get floorsAsked(): number {
    return this.#keeper.asked
  }

  /** Requests a floor for everything committed before the call. */
  request(): Floor {
    return this.#keeper.request()
  }

  /**
   * Reads a position at or after everything committed before the call; `undefined` when the answer does not come soon.
   */
  async committed(): Promise<Position | undefined> {
    const floor = this.request()
    await within(this.#options.platform, floor.settled(), ANSWER_MS)
    return floor.state.name === 'known' ? floor.state.position : undefined
  }

  /** Applies a token that claims that the session has written up to `position`. */
  claim(session: MutableSession, position: Position, primary: NodeView | undefined): void {
    const seen = primary?.state.name === 'up' ? primary.state.observation : undefined
    const { lsn, systemIdentifier, timeline } = seen ?? {}
    const isKnown = lsn !== undefined && systemIdentifier !== undefined && timeline !== undefined
    if (isKnown && shows({ lsn, systemIdentifier, timeline }, position)) session.mustShow(position)
    else {
      const floor = this.request()
      session.claims(position, this.#options.platform.now(), floor)
      void floor.settled().then(() => this.#settle(session))
    }
  }

  /** Creates a session that need not see what the rest of the process wrote. Its own writes count for the rest. */
  begin(implicit: MutableSession, start: SessionStart): MutableSession {
    return createSession({ ...start, parent: implicit, isMonotonic: true, position: this.#start })
  }

  /**
   * Creates a session within another one. It starts with the state of its parent, which sees its writes. Code that
   * starts each session within the previous one would build an endless chain. So beyond a depth the sessions share one
   * state, which only strengthens their promises.
   */
  beginWithin(parent: MutableSession, start: SessionStart): MutableSession {
    const { lastReads, lastWriteAtMs, pending, position } = parent
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
    if (pending !== undefined) session.saw(pending.sinceMs, pending.floor ?? this.request(), [])
    return session
  }

  /**
   * Records the position of the primary when it is first seen: no read may show less. A new timeline starts over.
   * Surviving commits of the old one lie before it, and waiting for lost ones would be pointless.
   */
  primaryAt(position: Position, implicit: MutableSession): void {
    if (this.#start !== undefined && this.#start.timeline >= position.timeline) return
    this.#start = position
    implicit.mustShow(position)
  }

  /** The cluster's system identifier; `undefined` until its primary has been seen. */
  get systemIdentifier(): string | undefined {
    return this.#start?.systemIdentifier
  }

  /**
   * Returns a position that covers what the session has written and seen; `undefined` when there is none in time. The
   * primary shows all of it if the session has no last reads afterwards.
   * @param upToNow Whether it also covers what others have committed. A floor that is pending does so, except for what
   * was committed during the request.
   */
  async positionOf(
    session: MutableSession,
    timeoutMs: number,
    upToNow: boolean = false,
  ): Promise<Position | undefined> {
    const { platform } = this.#options
    this.#lift(session)
    this.#settle(session)
    const reads = session.lastReads
    if (reads.length > 0) {
      const floor = this.request()
      session.saw(platform.now(), floor, [])
      const showing = await within(this.#options.platform, this.#proof.prove(reads, NO_PATIENCE), timeoutMs)
      if (showing === 'shown') session.shows(reads)
    }
    const isSettled = session.floorPendingSinceMs === undefined && session.position !== undefined
    if (upToNow && isSettled) session.saw(platform.now(), this.request(), [])
    if (session.floorPendingSinceMs !== undefined) {
      if (session.pending?.floor === undefined) session.saw(session.floorPendingSinceMs, this.request(), [])
      await this.#settled(session, timeoutMs)
    }
    return session.floorPendingSinceMs === undefined ? session.position : undefined
  }

  /**
   * Records that this node answered a read of the session.
   * @param before Last reads of the session whose data the answer is proven to include
   * @param upTo Position that covers what the node had shown, if it was asked after the answer. Then no later read has
   * to ask that server again
   */
  answered(
    session: MutableSession,
    { role, state }: NodeView,
    before: readonly SeenRead[],
    upTo?: Position,
  ): void {
    const nowMs = this.#options.platform.now()
    if (role !== 'replica' || state.name !== 'up') return session.saw(nowMs, this.request(), before)
    const read = seenRead(state.observation.serverIdentity, nowMs)
    const isBounded = upTo !== undefined && this.#isOnTimelineOf(session, upTo)
    session.readFrom(isBounded ? { ...read, upTo } : read, before)
  }

  /** Records that the primary has shown these relations to the session. */
  sawPrimary(session: MutableSession, shown: Touched): void {
    session.saw(this.#options.platform.now(), this.request(), [], shown)
  }

  /** Makes every later read, in any session, show everything committed before the call. */
  synchronize(): void {
    this.#rising = { floor: this.request(), sinceMs: this.#options.platform.now() }
  }

  /**
   * Returns the proof that the primary shows what these reads have shown. It waits only briefly, since the read could
   * also go elsewhere.
   */
  showing(reads: readonly SeenRead[]): ShowingProof {
    const proof = this.#proof
    const patience = this.#patience(this.#options.catchUpTimeoutMs)
    return {
      prove: () => proof.prove(reads, patience),
      judge: proof.mayJudge ? (listed) => proof.judge(reads, listed) : undefined,
      heard: () => proof.heard(reads),
    }
  }

  /**
   * Resolves when the primary shows what the session has seen, or when that is unknown; `undefined` when it surely
   * does. Rejects with `SWITCHYARD_PRIMARY_BEHIND`.
   * @param replica A node that has shown something besides
   */
  shown({ lastReads }: MutableSession, replica?: NodeView): Promise<void> | undefined {
    const { failoverTimeoutMs, platform } = this.#options
    const besides = replica?.state.name === 'up' ? [replica.state.observation.serverIdentity] : []
    const seen = lastReads.filter((read) => !this.#shownReads.has(read))
    const reads = [...seen, ...besides.map((identity) => seenRead(identity, platform.now()))]
    if (reads.length === 0) return undefined
    return this.#proof.prove(reads, this.#patience(failoverTimeoutMs)).then((showing) => {
      if (showing === 'hidden') throw behindError()
      if (showing === 'shown') for (const read of seen) this.#shownReads.add(read)
    })
  }

  /**
   * Brings the session up to date before a read of it is routed. Returns what the read has to wait for: whether the
   * claim of its token is possible. `undefined` for nothing.
   */
  prepare(session: MutableSession): Promise<void> | undefined {
    const { catchUpTimeoutMs, hasServer, platform } = this.#options
    this.#lift(session)
    this.#settle(session)
    // The session started before the first snapshot, or on an older timeline.
    if (this.#start !== undefined && (session.position?.timeline ?? 0) < this.#start.timeline) {
      session.mustShow(this.#start)
    }
    const lost = session.lastReads.filter(
      ({ serverIdentity, upTo }) =>
        serverIdentity !== undefined && upTo === undefined && !hasServer(serverIdentity),
    )
    if (lost.length > 0) session.lost(lost, platform.now(), this.request())
    const isClaiming = session.pending?.claimed !== undefined && catchUpTimeoutMs > 0
    return isClaiming ? this.#settled(session, catchUpTimeoutMs) : undefined
  }

  /** Applies the common floor to the session. */
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
        // A later floor covers the same writes.
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

  /**
   * Whether a replica's position can be compared with the primary's and the session's: all have to be on one timeline.
   */
  #isOnTimelineOf({ position }: MutableSession, { timeline }: Position): boolean {
    return timeline === this.#start?.timeline && timeline === (position?.timeline ?? timeline)
  }

  #patience(certainMs: number): Patience {
    return { certainMs, uncertainMs: Math.min(certainMs, this.#options.catchUpTimeoutMs) }
  }

  async #settled(session: MutableSession, timeoutMs: number): Promise<void> {
    const floor = session.pending?.floor
    if (floor === undefined) return
    await within(this.#options.platform, floor.settled(), timeoutMs)
    this.#settle(session)
  }

  #settle(session: MutableSession): void {
    if (!session.settle()) this.#options.claimRejected()
  }
}
