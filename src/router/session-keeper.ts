import type { ResolvedOptions } from '../config/resolved-options.ts'
import { Causality } from '../consistency/causality.ts'
import type { Consistency } from '../consistency/mode.ts'
import type { Position } from '../consistency/position.ts'
import { neighbours, type Neighbour } from '../consistency/neighbours.ts'
import { SessionContext } from '../consistency/session-context.ts'
import { seenRead, type MutableSession, type SeenRead, type WriteCertainty } from '../consistency/session.ts'
import type { TokenContent, TokenRejection } from '../consistency/token.ts'
import { Tokens } from '../consistency/tokens.ts'
import type { ReadFollower } from '../execution/read.ts'
import { isServerError } from '../platform/server-error.ts'
import type { Platform } from '../platform/platform.ts'
import { consistencyOf, type RouteRequest } from '../routing/decide.ts'
import type { Route, RouteReason } from '../routing/route.ts'
import type { SessionOptions } from './session-options.ts'
import { showsData, synchronizes } from '../statement/shows-data.ts'
import type { Statement } from '../statement/statement.ts'
import { hasServer, type NodeView, type Snapshot } from '../topology/snapshot.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Reasons of routes that the caller has chosen. */
const FORCED: ReadonlySet<RouteReason> = new Set([
  'asked-primary',
  'hint-primary',
  'asked-replica',
  'hint-replica',
])
/** Reasons of reads that run on the primary because the caller or the options ask for it. */
const ASKED: ReadonlySet<RouteReason> = new Set(['asked-primary', 'hint-primary', 'strong', 'setting'])

/** Reason of reads that run on the primary only for a limited time after a write. */
const BY_TIME: RouteReason = 'session-wrote'

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
  readonly #tokens: Tokens
  /** True once `synchronous_commit` has been turned off anywhere. */
  #mayBeUnflushed = false
  /** True when another pool of this process has written since the last floor. */
  #hasNews = false
  #hearing: Promise<void> | undefined
  /** Records a read that its caller has sent to the primary. */
  readonly #afterAsked: ReadFollower = {
    isMonotonic: false,
    answered: ({ role }) => {
      if (role === 'primary') this.shown(this.context.implicit)
    },
    showing: undefined,
  }
  /**
   * Records a read that the primary has answered in place of a replica. If the replicas were only behind, it must not
   * raise the floor: otherwise the pool would stay on the primary for as long as there are writes.
   */
  readonly #afterPrimary: ReadFollower = {
    isMonotonic: false,
    answered: ({ role }, _upTo, isInstead) => {
      if (role === 'primary' && isInstead !== true) this.#hasNews = true
    },
    showing: undefined,
  }
  /** When (our clock, milliseconds) a lock was last taken or a notification received. */
  #synchronizedAtMs = -Infinity

  constructor(options: SessionKeeperOptions) {
    this.#options = options
    const { cluster, platform, resolved, tokenRejected } = options
    this.#causality = new Causality({
      platform,
      ask: () => cluster().floor(this.#mayBeUnflushed),
      look: (identity) => cluster().unshown(identity),
      hasServer: (identity) => hasServer(cluster().snapshot, identity),
      catchUpTimeoutMs: resolved.catchUpTimeoutMs,
      failoverTimeoutMs: resolved.failoverTimeoutMs,
      claimRejected: () => tokenRejected('ahead-of-primary'),
    })
    this.#tokens = new Tokens({ ...resolved.tokens, platform, windowMs: resolved.windowMs })
    neighbours.join(this)
  }

  get systemIdentifier(): string | undefined {
    return this.#causality.systemIdentifier
  }

  get mayBeUnflushed(): boolean {
    return this.#mayBeUnflushed
  }

  /**
   * Makes reads outside of any session show the write of another pool of this process. The next read requests its
   * position.
   */
  heardOfWrite({ mayBeUnflushed }: Neighbour): void {
    const { platform, resolved } = this.#options
    if (mayBeUnflushed) this.#mayBeUnflushed = true
    if (resolved.consistency === 'window') this.context.implicit.wrote(platform.now(), undefined)
    else this.#hasNews = true
  }

  heardOfSynchronization(): void {
    this.#synchronizedAtMs = this.#options.platform.now()
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
    const content = token === undefined ? undefined : this.#contentOf(token)
    const start = {
      consistency,
      tier: tier ?? parent.tier,
      primaryUntilMs: this.#primaryUntilMs(content, consistency),
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
    if (consistencyOf(session, {}, this.#options.resolved) === 'window') this.#startWindow(session)
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
    if (consistency === 'window') this.#startWindow(session)
    if (consistency !== 'causal') return undefined
    const isOnPrimary = primaryUntilMs !== undefined && this.#options.platform.now() < primaryUntilMs
    if (isOnPrimary) return this.#causality.shown(session)
    const news = session === this.context.implicit ? this.#news() : undefined
    if (news === undefined) return this.#causality.awaited(session)
    return news.then(() => this.#causality.awaited(session))
  }

  /**
   * Resolves when the position of other pools' writes is known, or after a timeout, so that reads continue without a
   * primary.
   */
  #news(): Promise<void> | undefined {
    if (!this.#hasNews) return this.#hearing
    // Only matters with replicas.
    if (!this.#hasReplica) return undefined
    this.#hasNews = false
    const hearing = this.#causality.hears(this.context.implicit).finally(() => {
      if (this.#hearing === hearing) this.#hearing = undefined
    })
    this.#hearing = hearing
    return hearing
  }

  /** Whether the session records which node answers its reads, including reads with a consistency of their own. */
  followsReads(session: MutableSession, request: RouteRequest): boolean {
    if (session === this.context.implicit) return false
    return this.#isCausal(session, {}) || this.#isCausal(session, request)
  }

  /**
   * Returns the follower that records a read for its session; `undefined` when it does not matter which node answers.
   */
  follower(session: MutableSession, request: RouteRequest, route: Route): ReadFollower | undefined {
    if (!this.followsReads(session, request)) return this.#poolFollower(session, route)
    // A read that asked for a node or for a weaker consistency need not show what was read before.
    const before = this.#isProven(session, request, route) ? session.lastReads : NO_READS
    return {
      isMonotonic: true,
      answered: (node, upTo) => this.#causality.answered(session, node, before, upTo),
      showing: before.length === 0 ? undefined : () => this.#causality.showing(before),
    }
  }

  /** Records a read over a connection to this node that the session holds. */
  saw(session: MutableSession, node: NodeView): void {
    if (this.followsReads(session, {})) this.#causality.answered(session, node, NO_READS)
    else if (node.role === 'primary') this.shown(session)
  }

  /** Makes the session's next reads show everything that the primary has now. */
  shown(session: MutableSession): void {
    if (this.#hasReplica && this.#isCausal(session, {})) this.#causality.sawPrimary(session)
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
      const floor = this.#isCausal(session, {}) ? this.#causality.request() : undefined
      session.wrote(nowMs, floor, certainty)
    }
    neighbours.wrote(this)
  }

  /** Notes that a statement may set `synchronous_commit`, for whomever: from now on floors cover what is not flushed. */
  noteSetting({ kind, mentions }: Statement): void {
    if (kind !== 'read' && mentions?.includes('synchronous-commit') === true) this.#mayBeUnflushed = true
  }

  /**
   * Notes the `synchronous_commit` of a new connection to the primary: roles, databases and hooks may set it so that
   * commits are acknowledged before they are flushed.
   */
  opened(synchronousCommit: string | null | undefined): void {
    if (synchronousCommit === 'off') this.#mayBeUnflushed = true
  }

  /** Makes all reads show at least the position of the first probe of the primary. */
  observe({ primary }: Snapshot): void {
    if (primary?.state.name !== 'up') return
    const { lsn, systemIdentifier, timeline } = primary.state.observation
    if (lsn === undefined || timeline === undefined) return
    this.#causality.primaryAt({ systemIdentifier, timeline, lsn }, this.context.implicit)
  }

  /** Returns until when a session that starts with this token reads from the primary. */
  #primaryUntilMs(
    content: TokenContent | undefined,
    consistency: Consistency | undefined,
  ): number | undefined {
    const { platform, resolved } = this.#options
    if (content?.kind === 'primary') return this.#tokens.onOwnClock(content.expiresAtMs)
    // A position does not tell the time of the write.
    const isByTime = content !== undefined && (consistency ?? resolved.consistency) === 'window'
    return isByTime ? platform.now() + resolved.windowMs : undefined
  }

  get #hasReplica(): boolean {
    return this.#options.cluster().snapshot.nodes.some(({ role }) => role === 'replica')
  }

  /** With `window` consistency a lock or a notification counts as a write of every session. */
  #startWindow(session: MutableSession): void {
    const atMs = this.#synchronizedAtMs
    const isOver = this.#options.platform.now() - atMs >= this.#options.resolved.windowMs
    if (!isOver && atMs > (session.lastWriteAtMs ?? -Infinity)) session.wroteByItself(atMs, undefined)
  }

  /**
   * Returns the follower of reads in the pool's own session, which is not monotonic: only reads on the primary matter.
   */
  #poolFollower(session: MutableSession, { reason }: Route): ReadFollower | undefined {
    if (session !== this.context.implicit || reason === BY_TIME) return undefined
    if (this.#options.resolved.consistency !== 'causal') return undefined
    return ASKED.has(reason) ? this.#afterAsked : this.#afterPrimary
  }

  #isProven(session: MutableSession, request: RouteRequest, { reason }: Route): boolean {
    if (FORCED.has(reason)) return false
    const consistency = consistencyOf(session, request, this.#options.resolved)
    return consistency === 'causal' || consistency === 'strong'
  }

  #isCausal(session: MutableSession, request: RouteRequest): boolean {
    return consistencyOf(session, request, this.#options.resolved) === 'causal'
  }

  #contentOf(token: string): TokenContent | undefined {
    const decoded = this.#tokens.read(token, this.#causality.systemIdentifier)
    if ('token' in decoded) return decoded.token
    this.#options.tokenRejected(decoded.rejected)
    return undefined
  }
}
