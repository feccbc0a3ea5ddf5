import type { ResolvedOptions } from '../config/resolved-options.ts'
import { Causality } from '../consistency/causality.ts'
import { JudgedSchema } from '../consistency/judged-schema.ts'
import { neighbours, type Neighbour } from '../consistency/neighbours.ts'
import { SessionContext } from '../consistency/session-context.ts'
import { recordWrite, seenRead, type MutableSession, type SeenRead } from '../consistency/session.ts'
import { answeredBy, shownBy, type Execution, type Touched } from '../consistency/touched.ts'
import type { Write } from '../consistency/write-ledger.ts'
import type { TokenRejection } from '../consistency/token.ts'
import type { ReadFollower } from '../execution/read.ts'
import type { PositionAsked } from '../observability/statement-events.ts'
import { isServerError } from '../platform/server-error.ts'
import type { Platform } from '../platform/platform.ts'
import { consistencyOf, type Asked, type RouteRequest } from '../routing/decide.ts'
import type { Route } from '../routing/route.ts'
import { askPosition } from './ask-position.ts'
import { proofsOf, type PrimaryProofs } from './primary-proofs.ts'
import { ReadFollowers } from './read-followers.ts'
import type { CheckedSessionOptions } from './session-options.ts'
import { SessionTokens } from './session-tokens.ts'
import { SharedWindow } from './shared-window.ts'
import { showsData, synchronizes } from '../statement/shows-data.ts'
import type { Statement } from '../statement/statement.ts'
import { hasServer, type NodeView, type Snapshot } from '../topology/snapshot.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** A write counts as a single one when the last one is at least this long ago, in milliseconds. */
const SINGLE_AFTER_MS = 50

const NO_READS: readonly SeenRead[] = []

/** The part of the cluster that sessions need. */
export type SessionCluster = Pick<WatchedCluster, 'follow' | 'primary' | 'snapshot'> & {
  readonly questions: Pick<WatchedCluster['questions'], 'floor' | 'heard' | 'mayBeUnflushed' | 'unshown'>
}

export interface SessionKeeperOptions {
  readonly resolved: ResolvedOptions
  readonly platform: Platform
  readonly cluster: () => SessionCluster
  readonly tokenRejected: (reason: TokenRejection) => void
  readonly positionAsked: (asked: PositionAsked) => void
}

/** Creates sessions, propagates them through async code, and keeps their consistency promises. One per pool. */
export class SessionKeeper implements Neighbour {
  readonly context: SessionContext = new SessionContext()
  readonly proofs: PrimaryProofs
  readonly #options: SessionKeeperOptions
  readonly #causality: Causality
  readonly #tokens: SessionTokens
  readonly #followers: ReadFollowers
  readonly #window: SharedWindow
  readonly schema: JudgedSchema = new JudgedSchema(this.context.implicit)
  constructor(options: SessionKeeperOptions) {
    this.#options = options
    const { cluster, platform, resolved, tokenRejected } = options
    this.#causality = new Causality({
      platform,
      ask: () => askPosition(options),
      look: (identity) => cluster().questions.unshown(identity),
      heard: (identity, atMs) => cluster().questions.heard(identity, atMs),
      hasServer: (identity) => hasServer(cluster().snapshot, identity),
      catchUpTimeoutMs: resolved.catchUpTimeoutMs,
      failoverTimeoutMs: resolved.failoverTimeoutMs,
      claimRejected: () => tokenRejected('ahead-of-primary'),
    })
    this.proofs = proofsOf(this.#causality, () => cluster().primary())
    this.#window = new SharedWindow(platform, resolved.windowMs)
    this.#tokens = new SessionTokens(resolved, platform, tokenRejected)
    const { implicit } = this.context
    this.#followers = new ReadFollowers({
      policy: resolved,
      causality: this.#causality,
      implicit,
      shown: (relations) => this.shown(implicit, relations),
      shownInstead: () => implicit.raise('everything', platform.now()),
    })
    neighbours.join(this)
  }

  /** True once `synchronous_commit` has been turned off anywhere. */
  get mayBeUnflushed(): boolean {
    return this.#options.cluster().questions.mayBeUnflushed
  }

  get systemIdentifier(): string | undefined {
    return this.#causality.systemIdentifier
  }

  /** Makes reads outside of any session show the write of another pool of this process. */
  heardOfWrite({ mayBeUnflushed }: Neighbour, changes: Touched): void {
    if (mayBeUnflushed) this.#options.cluster().questions.mayBeUnflushed = true
    const write = {
      atMs: this.#options.platform.now(),
      floor: undefined,
      certainty: 'certain',
      changes,
    } as const
    this.context.implicit.wrote(write)
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
  begin({ consistency, overlay, token, tier }: CheckedSessionOptions): MutableSession {
    const { implicit } = this.context
    const { platform } = this.#options
    const parent = this.context.current()
    // Floors then cover commits that are not flushed yet.
    if (overlay?.values.has('synchronous_commit') === true)
      this.#options.cluster().questions.mayBeUnflushed = true
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
    const outer = this.context.overlayOf(parent)
    const settings = overlay === undefined ? outer : overlay.within(outer)
    if (settings !== undefined) this.context.overlay(session, settings)
    if (content?.kind === 'position') {
      this.#causality.claim(session, content.position, this.#options.cluster().primary())
    }
    return session
  }

  /** Returns the session's position as a token. */
  async tokenOf(
    session: MutableSession,
    options: { readonly timeoutMs?: number; readonly upToNow?: boolean } = {},
  ): Promise<string | undefined> {
    const { timeoutMs = this.#options.resolved.catchUpTimeoutMs, upToNow = false } = options
    if (consistencyOf(session, {}, this.#options.resolved) === 'window') this.#window.applyTo(session)
    const position = await this.#causality.positionOf(session, timeoutMs, upToNow)
    if (position === undefined && session.floorPendingSinceMs === undefined) return undefined
    return this.#tokens.write(position, session.lastReads.length === 0)
  }

  /**
   * Brings the session up to date before a read is routed. Returns what the read has to wait for; `undefined` for
   * nothing.
   */
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
    if (primaryUntilMs !== undefined && this.#options.platform.now() < primaryUntilMs) {
      return this.#causality.shown(session)
    }
    return this.#causality.prepare(session)
  }

  /** The follower that records a read for its session; `undefined` when it does not matter which node answers. */
  follower(
    session: MutableSession,
    query: Asked,
    route: Route,
    statement: Statement,
  ): ReadFollower | undefined {
    return this.#followers.of(session, query, route, statement)
  }

  /** Records a read over a connection to this node that the session holds. */
  saw(session: MutableSession, node: NodeView, shown?: Touched): void {
    if (this.#followers.areKept(session, {})) this.#causality.answered(session, node, NO_READS)
    else if (node.role === 'primary') this.shown(session, shown)
  }

  /** Makes the session's next reads show what the primary has now, of these relations. */
  shown(session: MutableSession, shown: Touched = 'everything'): void {
    const { cluster, resolved } = this.#options
    if (!hasReplica(cluster().snapshot) || !isCausal(session, resolved)) return
    this.#causality.sawPrimary(session, shown)
  }

  /**
   * Records the end of a statement on the primary that is not a proven read. An error of the server also shows what
   * others have committed: a duplicate key, a value, a lock. And it does not release advisory locks.
   * @param counts Whether it also counts as a write of its session, which covers what it has shown.
   */
  ranOnPrimary(
    session: MutableSession,
    statement: Statement,
    execution: Execution,
    error?: Error,
    counts: boolean = false,
  ): void {
    if (error ? !isServerError(error) : !showsData(statement)) return
    if (synchronizes(statement)) this.synchronized()
    if (!counts) this.shown(session, error ? shownBy(statement, execution) : answeredBy(statement, execution))
  }

  /** Records the end of a statement that may have written. */
  wrote(write: Write): void {
    const { certainty = 'certain', sessions } = write
    const { number } = this.schema
    // It may have run under the new schema.
    const changes = (write.schema ?? number) === number ? write.changes : 'everything'
    const { lastWriteAtMs: lastMs = -Infinity } = this.context.implicit
    const atMs = this.#options.platform.now()
    for (const session of sessions) {
      const floor = isCausal(session, this.#options.resolved) ? this.#causality.request() : undefined
      recordWrite(session, { atMs, floor, certainty, changes })
    }
    neighbours.wrote(this, changes)
    // Soon after a single write the replicas are proven to show it. Among many the reads that need it say so.
    if (atMs - lastMs >= SINGLE_AFTER_MS) this.#options.cluster().follow()
  }

  /**
   * Notes that a statement may set `synchronous_commit` for any session. From then on, floors also cover WAL that is
   * not flushed.
   */
  noteSetting({ kind, mentions }: Statement): void {
    const isMentioned = kind !== 'read' && mentions?.includes('synchronous-commit') === true
    if (isMentioned) this.#options.cluster().questions.mayBeUnflushed = true
  }

  /**
   * Notes the `synchronous_commit` of a new connection to the primary. Roles, databases and hooks may set it so that
   * commits are acknowledged before they are flushed.
   */
  opened(synchronousCommit: string | null | undefined): void {
    if (synchronousCommit === 'off') this.#options.cluster().questions.mayBeUnflushed = true
  }

  /**
   * Makes all reads show at least the position of the first probe of the primary, and forgets what all replicas show.
   */
  observe({ nodes, primary }: Snapshot): void {
    this.context.implicit.forget(shownByAll(nodes))
    if (primary?.state.name !== 'up') return
    const { lsn, systemIdentifier, timeline } = primary.state.observation
    if (lsn === undefined || timeline === undefined) return
    this.#causality.primaryAt({ systemIdentifier, timeline, lsn }, this.context.implicit)
  }
}

/** Returns the time (our clock) up to which every replica shows what was committed; −∞ if that is unknown. */
function shownByAll(nodes: Snapshot['nodes']): number {
  const times = nodes.filter(({ role }) => role !== 'primary').map(({ lag }) => lag?.freshAsOfMs ?? -Infinity)
  return times.length === 0 ? -Infinity : Math.min(...times)
}

function isCausal(session: MutableSession, resolved: ResolvedOptions): boolean {
  return consistencyOf(session, {}, resolved) === 'causal'
}

function hasReplica({ nodes }: Snapshot): boolean {
  return nodes.some(({ role }) => role === 'replica')
}
