import type { ResolvedOptions } from '../config/resolved-options.ts'
import { Causality } from '../consistency/causality.ts'
import type { Position } from '../consistency/position.ts'
import { neighbours, type Neighbour } from '../consistency/neighbours.ts'
import { SessionContext } from '../consistency/session-context.ts'
import { seenRead, type MutableSession, type SeenRead, type WriteCertainty } from '../consistency/session.ts'
import type { TokenRejection } from '../consistency/token.ts'
import type { ReadFollower } from '../execution/read.ts'
import { isServerError } from '../platform/server-error.ts'
import type { Platform } from '../platform/platform.ts'
import { consistencyOf, type RouteRequest } from '../routing/decide.ts'
import type { Route } from '../routing/route.ts'
import { News } from './news.ts'
import { ReadFollowers } from './read-followers.ts'
import type { SessionOptions } from './session-options.ts'
import { SessionTokens } from './session-tokens.ts'
import { SharedWindow } from './shared-window.ts'
import { showsData, synchronizes } from '../statement/shows-data.ts'
import type { Statement } from '../statement/statement.ts'
import { hasServer, type NodeView, type Snapshot } from '../topology/snapshot.ts'
import type { WatchedCluster } from './watched-cluster.ts'

const NO_READS: readonly SeenRead[] = []

/** The part of the cluster that sessions need. */
export type SessionCluster = Pick<WatchedCluster, 'floor' | 'primary' | 'snapshot' | 'unshown'>

export interface SessionKeeperOptions {
  readonly resolved: ResolvedOptions
  readonly platform: Platform
  readonly cluster: () => SessionCluster
  readonly tokenRejected: (reason: TokenRejection) => void
}

/** Creates sessions, propagates them through async code, and keeps their consistency promises. One per pool. */
export class SessionKeeper implements Neighbour {
  readonly context: SessionContext = new SessionContext()
  readonly #options: SessionKeeperOptions
  readonly #causality: Causality
  readonly #tokens: SessionTokens
  readonly #followers: ReadFollowers
  readonly #news: News = new News(() => this.#causality.hears(this.context.implicit))
  readonly #window: SharedWindow
  /** True once `synchronous_commit` has been turned off anywhere. */
  mayBeUnflushed = false
  constructor(options: SessionKeeperOptions) {
    this.#options = options
    const { cluster, platform, resolved, tokenRejected } = options
    this.#causality = new Causality({
      platform,
      ask: () => cluster().floor(this.mayBeUnflushed),
      look: (identity) => cluster().unshown(identity),
      hasServer: (identity) => hasServer(cluster().snapshot, identity),
      catchUpTimeoutMs: resolved.catchUpTimeoutMs,
      failoverTimeoutMs: resolved.failoverTimeoutMs,
      claimRejected: () => tokenRejected('ahead-of-primary'),
    })
    this.#window = new SharedWindow(platform, resolved.windowMs)
    this.#tokens = new SessionTokens(resolved, platform, tokenRejected)
    const { implicit } = this.context
    this.#followers = new ReadFollowers({
      policy: resolved,
      causality: this.#causality,
      implicit,
      shown: () => this.shown(implicit),
      shownInstead: () => this.#news.arrived(),
    })
    neighbours.join(this)
  }

  get systemIdentifier(): string | undefined {
    return this.#causality.systemIdentifier
  }

  /**
   * Makes reads outside of any session show the write of another pool of this process. The next read requests its
   * position.
   */
  heardOfWrite({ mayBeUnflushed }: Neighbour): void {
    const { platform, resolved } = this.#options
    if (mayBeUnflushed) this.mayBeUnflushed = true
    if (resolved.consistency === 'window') this.context.implicit.wrote(platform.now(), undefined)
    else this.#news.arrived()
  }

  heardOfSynchronization(): void {
    this.#window.start()
    this.#causality.synchronize()
  }

  /**
   * Makes every read of this process show everything committed by now, after a lock was taken or a notification
   * received.
   */
  synchronized(): void {
    this.heardOfSynchronization()
    neighbours.synchronized(this)
  }

  /** Stops requests for floors, and leaves the registry of this process. */
  close(): void {
    neighbours.leave(this)
    this.#causality.close()
  }

  /** Creates a session within that of the calling code, if any. */
  begin({ consistency, token, tier }: SessionOptions): MutableSession {
    const { implicit } = this.context
    const { platform } = this.#options
    const parent = this.context.current()
    const content = this.#tokens.contentOf(token, this.#causality.systemIdentifier)
    const start = {
      consistency,
      tier: tier ?? parent.tier,
      primaryUntilMs: this.#tokens.primaryUntilMs(content, consistency),
      // The read was on an unknown server, at some time before now.
      lastReads: content?.isUnshown === true ? [seenRead(undefined, platform.now())] : [],
    }
    const session =
      parent === implicit
        ? this.#causality.begin(implicit, start)
        : this.#causality.beginWithin(parent, start)
    if (content?.kind === 'position') {
      this.#causality.claim(session, content.position, this.#options.cluster().primary())
    }
    return session
  }

  /** Returns the session's position as a token. */
  async tokenOf(
    session: MutableSession,
    timeoutMs: number = this.#options.resolved.catchUpTimeoutMs,
  ): Promise<string | undefined> {
    if (consistencyOf(session, {}, this.#options.resolved) === 'window') this.#window.applyTo(session)
    const position = await this.#causality.positionOf(session, timeoutMs)
    if (position === undefined && session.floorPendingSinceMs === undefined) return undefined
    return this.#tokens.write(position, session.lastReads.length === 0)
  }

  /**
   * Reads a position on the primary at or after everything committed before the call; `undefined` when there is none in
   * time.
   */
  committed(): Promise<Position | undefined> {
    return this.#causality.committed()
  }

  /** Returns what a read has to wait for before it can be routed; `undefined` for nothing. */
  awaited(
    session: MutableSession,
    request: RouteRequest,
    hint: Statement['hint'],
  ): Promise<void> | undefined {
    const goesAnyhow = request.route !== undefined || hint !== undefined || request.maxStalenessMs === 0
    if (goesAnyhow) return undefined
    const { primaryUntilMs } = session
    const consistency = consistencyOf(session, request, this.#options.resolved)
    if (consistency === 'strong') return this.#causality.shown(session)
    if (consistency === 'window') this.#window.applyTo(session)
    if (consistency !== 'causal') return undefined
    const isOnPrimary = primaryUntilMs !== undefined && this.#options.platform.now() < primaryUntilMs
    if (isOnPrimary) return this.#causality.shown(session)
    const news =
      session === this.context.implicit
        ? this.#news.awaited(hasReplica(this.#options.cluster().snapshot))
        : undefined
    if (news === undefined) return this.#causality.awaited(session)
    return news.then(() => this.#causality.awaited(session))
  }

  /** The follower that records a read for its session; `undefined` when it does not matter which node answers. */
  follower(session: MutableSession, request: RouteRequest, route: Route): ReadFollower | undefined {
    return this.#followers.of(session, request, route)
  }

  /** Records a read over a connection to this node that the session holds. */
  saw(session: MutableSession, node: NodeView): void {
    if (this.#followers.areKept(session, {})) this.#causality.answered(session, node, NO_READS)
    else if (node.role === 'primary') this.shown(session)
  }

  /** Makes the session's next reads show everything that the primary has now. */
  shown(session: MutableSession): void {
    const { cluster, resolved } = this.#options
    if (hasReplica(cluster().snapshot) && isCausal(session, resolved)) this.#causality.sawPrimary(session)
  }

  /**
   * Records the end of a statement on the primary that is not a proven read. An error of the server also shows what
   * others have committed: a duplicate key, a value, a lock. And it does not release advisory locks.
   * @param counts Whether it also counts as a write of its session, which covers what it has shown.
   */
  ranOnPrimary(session: MutableSession, statement: Statement, error?: Error, counts: boolean = false): void {
    if (error ? !isServerError(error) : !showsData(statement)) return
    if (synchronizes(statement)) this.synchronized()
    if (!counts) this.shown(session)
  }

  /** Records the end of a statement that may have written. */
  wrote(sessions: Iterable<MutableSession>, certainty?: WriteCertainty): void {
    const nowMs = this.#options.platform.now()
    for (const session of sessions) {
      const floor = isCausal(session, this.#options.resolved) ? this.#causality.request() : undefined
      session.wrote(nowMs, floor, certainty)
    }
    neighbours.wrote(this)
  }

  /** Notes that a statement may set `synchronous_commit`, for whomever: from now on floors cover what is not flushed. */
  noteSetting({ kind, mentions }: Statement): void {
    if (kind !== 'read' && mentions?.includes('synchronous-commit') === true) this.mayBeUnflushed = true
  }

  /**
   * Notes the `synchronous_commit` of a new connection to the primary: roles, databases and hooks may set it so that
   * commits are acknowledged before they are flushed.
   */
  opened(synchronousCommit: string | null | undefined): void {
    if (synchronousCommit === 'off') this.mayBeUnflushed = true
  }

  /** Makes all reads show at least the position of the first probe of the primary. */
  observe({ primary }: Snapshot): void {
    if (primary?.state.name !== 'up') return
    const { lsn, systemIdentifier, timeline } = primary.state.observation
    if (lsn === undefined || timeline === undefined) return
    this.#causality.primaryAt({ systemIdentifier, timeline, lsn }, this.context.implicit)
  }
}

function isCausal(session: MutableSession, resolved: ResolvedOptions): boolean {
  return consistencyOf(session, {}, resolved) === 'causal'
}

function hasReplica({ nodes }: Snapshot): boolean {
  return nodes.some(({ role }) => role === 'replica')
}
