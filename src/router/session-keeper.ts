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

/** The caller said where to go, and goes there at once. */
const FORCED: ReadonlySet<RouteReason> = new Set([
  'asked-primary',
  'hint-primary',
  'asked-replica',
  'hint-replica',
])
/** Reads that run on the primary because somebody wants it. */
const ASKED: ReadonlySet<RouteReason> = new Set(['asked-primary', 'hint-primary', 'strong', 'setting'])

/** The primary because of what was written or seen: it is not to be read from for ever. */
const BY_TIME: RouteReason = 'session-wrote'

const NO_READS: readonly SeenRead[] = []

/** The cluster, as far as sessions ask for it. */
export type SessionCluster = Pick<WatchedCluster, 'floor' | 'primary' | 'snapshot' | 'unshown'>

export interface SessionKeeperOptions {
  readonly resolved: ResolvedOptions
  readonly platform: Platform
  readonly cluster: () => SessionCluster
  readonly tokenRejected: (reason: TokenRejection) => void
}

/** Begins sessions, carries them along with the code, and keeps what was promised to them. One per pool. */
export class SessionKeeper implements Neighbour {
  readonly context: SessionContext = new SessionContext()
  readonly #options: SessionKeeperOptions
  readonly #causality: Causality
  readonly #tokens: Tokens
  /** Somebody has switched off that commits are flushed before they are acknowledged; for whom is not known. */
  #mayBeUnflushed = false
  /** Another pool of this process has written since it was last asked how far. */
  #hasNews = false
  #hearing: Promise<void> | undefined
  /** Follows a read that its caller has sent to the primary. */
  readonly #afterAsked: ReadFollower = {
    isMonotonic: false,
    answered: ({ role }) => {
      if (role === 'primary') this.shown(this.context.implicit)
    },
    showing: undefined,
  }
  /**
   * Follows a read that the primary has answered in place of a replica. One for which replicas were only too far behind must not
   * raise the floor again: the pool would stay on the primary for as long as that is written to.
   */
  readonly #afterPrimary: ReadFollower = {
    isMonotonic: false,
    answered: ({ role }, _upTo, isInstead) => {
      if (role === 'primary' && isInstead !== true) this.#hasNews = true
    },
    showing: undefined,
  }
  /** When (our clock, milliseconds) a lock was last taken or a notification heard. */
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

  /** Another pool of this process wrote: what is outside of any session reads it, too. The first read asks how far that is. */
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

  /** A lock was taken or a notification heard: every read of this process shows what is committed by now. */
  synchronized(): void {
    this.heardOfSynchronization()
    neighbours.synchronized(this)
  }

  /** The pool ends: nobody asks for floors any more, and it hears of nobody's writes. */
  close(): void {
    neighbours.leave(this)
    this.#causality.close()
  }

  /** A new session, within the one of the calling code if that has one. */
  begin({ consistency, token, tier }: SessionOptions): MutableSession {
    const { implicit } = this.context
    const { platform } = this.#options
    const parent = this.context.current()
    const content = token === undefined ? undefined : this.#contentOf(token)
    const start = {
      consistency,
      tier: tier ?? parent.tier,
      primaryUntilMs: this.#primaryUntilMs(content, consistency),
      // Somewhere, at some time before now.
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

  /** The session's position as a token. */
  async tokenOf(
    session: MutableSession,
    timeoutMs: number = this.#options.resolved.catchUpTimeoutMs,
  ): Promise<string | undefined> {
    if (consistencyOf(session, {}, this.#options.resolved) === 'window') this.#startWindow(session)
    const position = await this.#causality.positionOf(session, timeoutMs)
    if (position === undefined && session.floorPendingSinceMs === undefined) return undefined
    return this.#tokens.write(position, session.lastReads.length === 0)
  }

  /** A position of the primary at or after everything that has been committed by now; `undefined` when it cannot be had soon. */
  committed(): Promise<Position | undefined> {
    return this.#causality.committed()
  }

  /** What a read has to wait for before it can be routed; `undefined` when it need not. */
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

  /** Resolves when it is known what others wrote, or that it cannot be known in time: while there is no primary, reads go on. */
  #news(): Promise<void> | undefined {
    if (!this.#hasNews) return this.#hearing
    // Only replicas may show less.
    if (!this.#hasReplica) return undefined
    this.#hasNews = false
    const hearing = this.#causality.hears(this.context.implicit).finally(() => {
      if (this.#hearing === hearing) this.#hearing = undefined
    })
    this.#hearing = hearing
    return hearing
  }

  /** Whether it matters to the session which node answers its read: also of one that promised less or more by itself. */
  followsReads(session: MutableSession, request: RouteRequest): boolean {
    if (session === this.context.implicit) return false
    return this.#isCausal(session, {}) || this.#isCausal(session, request)
  }

  /** What a read that goes this way means to its session; `undefined` where it does not matter who answers. */
  follower(session: MutableSession, request: RouteRequest, route: Route): ReadFollower | undefined {
    if (!this.followsReads(session, request)) return this.#poolFollower(session, route)
    // Who asked for a node, whichever, or for less, has no proof that it shows what was read before.
    const before = this.#isProven(session, request, route) ? session.lastReads : NO_READS
    return {
      isMonotonic: true,
      answered: (node, upTo) => this.#causality.answered(session, node, before, upTo),
      showing: before.length === 0 ? undefined : () => this.#causality.showing(before),
    }
  }

  /** Something was read over a connection to this node, which the session holds. */
  saw(session: MutableSession, node: NodeView): void {
    if (this.followsReads(session, {})) this.#causality.answered(session, node, NO_READS)
    else if (node.role === 'primary') this.shown(session)
  }

  /** Something was seen that the session's next reads must show: what the primary has by now. */
  shown(session: MutableSession): void {
    if (this.#hasReplica && this.#isCausal(session, {})) this.#causality.sawPrimary(session)
  }

  /**
   * A statement that is no proven read has ended on the primary. An error of the server shows what others have committed, too:
   * a duplicate key, a value, a lock that is taken. And it does not release advisory locks.
   * @param counts Whether it counts as a write of its session by itself: that covers what it has shown.
   */
  ranOnPrimary(session: MutableSession, statement: Statement, error?: Error, counts: boolean = false): void {
    if (error ? !isServerError(error) : !showsData(statement)) return
    if (synchronizes(statement)) this.synchronized()
    if (!counts) this.shown(session)
  }

  /** The outcome of something that may have written has been heard. */
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
   * A new connection to the primary has begun with this `synchronous_commit`: roles, databases and hooks may have it that
   * commits are acknowledged before they are flushed.
   */
  opened(synchronousCommit: string | null | undefined): void {
    if (synchronousCommit === 'off') this.#mayBeUnflushed = true
  }

  /** Nobody reads anything older than what the first look at the primary saw. */
  observe({ primary }: Snapshot): void {
    if (primary?.state.name !== 'up') return
    const { lsn, systemIdentifier, timeline } = primary.state.observation
    if (lsn === undefined || timeline === undefined) return
    this.#causality.primaryAt({ systemIdentifier, timeline, lsn }, this.context.implicit)
  }

  /** Until when a session that begins with this token reads from the primary. */
  #primaryUntilMs(
    content: TokenContent | undefined,
    consistency: Consistency | undefined,
  ): number | undefined {
    const { platform, resolved } = this.#options
    if (content?.kind === 'primary') return this.#tokens.onOwnClock(content.expiresAtMs)
    // By time alone: a position says that something was written, and not when.
    const isByTime = content !== undefined && (consistency ?? resolved.consistency) === 'window'
    return isByTime ? platform.now() + resolved.windowMs : undefined
  }

  get #hasReplica(): boolean {
    return this.#options.cluster().snapshot.nodes.some(({ role }) => role === 'replica')
  }

  /** By time alone a lock or a notification counts as a write of every session. */
  #startWindow(session: MutableSession): void {
    const atMs = this.#synchronizedAtMs
    const isOver = this.#options.platform.now() - atMs >= this.#options.resolved.windowMs
    if (!isOver && atMs > (session.lastWriteAtMs ?? -Infinity)) session.wroteByItself(atMs, undefined)
  }

  /** Of the pool's own session, whose reads are not monotonic: what matters is what the primary has shown. */
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
