import type { Platform } from '../platform/platform.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Fence } from './fence.ts'
import { FenceKeeper } from './fence-keeper.ts'
import { shows, type Position } from './position.ts'
import { createSession, type MutableSession, type SeenRead, type SessionStart } from './session.ts'

/** A primary that could not tell its position is not asked again by reads for so long, in milliseconds. */
const FAILED_FOR_MS = 250

export interface CausalityOptions {
  readonly platform: Platform
  /** Asks the primary for a position at or after all that has been committed by now. */
  readonly ask: () => Promise<Position | undefined>
  /** Whether a server of this identity is there, and answers. */
  readonly hasServer: (serverIdentity: string) => boolean
  /** How long a read waits for its session's fence, in milliseconds. */
  readonly waitMs: number
  /** A session began with a token of a position that the primary has not reached. */
  readonly claimRejected: () => void
}

/** Keeps sessions' promises: asks for fences when something happens that has to be covered, and hands over what they bring. */
export class Causality {
  readonly #options: CausalityOptions
  readonly #keeper: FenceKeeper
  #failedAtMs = -Infinity
  #start: Position | undefined

  constructor(options: CausalityOptions) {
    this.#options = options
    this.#keeper = new FenceKeeper(async () => {
      const position = await options.ask().catch(() => undefined)
      if (position === undefined) this.#failedAtMs = options.platform.now()
      return position
    })
  }

  /** Questions that the primary was asked so far. */
  get fencesAsked(): number {
    return this.#keeper.asked
  }

  /** A fence for everything that has been committed by now. */
  request(): Fence {
    return this.#keeper.request()
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

  /** A session within another one: it begins with what that one knows, and that one sees what it writes. */
  beginWithin(parent: MutableSession, start: SessionStart): MutableSession {
    const { fence, lastReads, position, unfencedSinceMs } = parent
    const session = createSession({ ...start, parent, isMonotonic: true, position })
    if (unfencedSinceMs !== undefined) session.saw(unfencedSinceMs, fence ?? this.request())
    for (const read of lastReads) session.readFrom(read, [])
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

  /** A position that covers what the session has written and seen, as soon as it can be had; `undefined` when it cannot. */
  async positionOf(session: MutableSession, timeoutMs: number): Promise<Position | undefined> {
    this.#settle(session)
    if (session.lastReads.length > 0) session.saw(this.#options.platform.now(), this.request())
    if (session.unfencedSinceMs !== undefined) {
      if (session.fence === undefined) session.saw(session.unfencedSinceMs, this.request())
      await this.#settled(session, timeoutMs)
    }
    return session.unfencedSinceMs === undefined ? session.position : undefined
  }

  /**
   * A read of the session was answered by this node.
   * @param before The session's last reads when this one was routed
   */
  answered(session: MutableSession, { role, state }: NodeView, before?: readonly SeenRead[]): void {
    const nowMs = this.#options.platform.now()
    if (role !== 'replica' || state.name !== 'up') session.saw(nowMs, this.request())
    else session.readFrom({ serverIdentity: state.observation.serverIdentity, atMs: nowMs }, before)
  }

  /** What a read of the session has to wait for before it can be routed; `undefined` when it need not. */
  awaited(session: MutableSession): Promise<void> | undefined {
    const { hasServer, platform, waitMs } = this.#options
    this.#settle(session)
    // It began before the cluster was looked at, or on an older timeline.
    if (this.#start !== undefined && (session.position?.timeline ?? 0) < this.#start.timeline) {
      session.mustShow(this.#start)
    }
    if (session.lastReads.some(({ serverIdentity }) => !hasServer(serverIdentity))) {
      session.saw(platform.now(), this.request())
    }
    if (session.unfencedSinceMs === undefined || waitMs === 0) return undefined
    // A fence that failed, or was never asked for: what is committed by now covers it all the same.
    if (session.fence === undefined) {
      if (platform.now() - this.#failedAtMs < FAILED_FOR_MS) return undefined
      session.saw(session.unfencedSinceMs, this.request())
    }
    return this.#settled(session, waitMs)
  }

  async #settled(session: MutableSession, timeoutMs: number): Promise<void> {
    const { platform } = this.#options
    const { fence } = session
    if (fence === undefined) return
    const release = platform.holdOpen()
    await new Promise<void>((resolve) => {
      const timer = platform.schedule(timeoutMs, resolve)
      void fence.settled().then(() => {
        timer.cancel()
        resolve()
      })
    })
    release()
    this.#settle(session)
  }

  #settle(session: MutableSession): void {
    if (!session.settle()) this.#options.claimRejected()
  }
}
