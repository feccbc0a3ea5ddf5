import type { Causality } from '../consistency/causality.ts'
import type { MutableSession, SeenRead } from '../consistency/session.ts'
import { shownBy, type Touched } from '../consistency/touched.ts'
import type { ReadFollower } from '../execution/read.ts'
import { consistencyOf, type Asked, type RouteRequest, type RoutingPolicy } from '../routing/decide.ts'
import type { Route, RouteReason } from '../routing/route.ts'
import type { Statement } from '../statement/statement.ts'

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

export interface ReadFollowersOptions {
  readonly policy: RoutingPolicy
  readonly causality: Pick<Causality, 'answered' | 'showing'>
  /** The pool's own session. */
  readonly implicit: MutableSession
  /** The primary has shown something to the pool's own session that a caller has asked it for. */
  readonly shown: (relations: Touched) => void
  /** The primary has shown something to the pool's own session in place of a replica. */
  readonly shownInstead: () => void
}

/** Makes what records the answers of reads for their sessions. */
export class ReadFollowers {
  readonly #options: ReadFollowersOptions
  /**
   * Records a read that the primary has answered in place of a replica. If the replicas were only behind, it must not
   * raise the floor. Otherwise the pool would stay on the primary for as long as there are writes.
   */
  readonly #afterPrimary: ReadFollower = {
    isMonotonic: false,
    answered: ({ role }, _upTo, isInstead) => {
      if (role === 'primary' && isInstead !== true) this.#options.shownInstead()
    },
    showing: undefined,
  }

  constructor(options: ReadFollowersOptions) {
    this.#options = options
  }

  /** Whether the session records which node answers its reads, including reads with a consistency of their own. */
  areKept(session: MutableSession, request: RouteRequest): boolean {
    const { implicit, policy } = this.#options
    if (session === implicit) return false
    return (
      consistencyOf(session, {}, policy) === 'causal' || consistencyOf(session, request, policy) === 'causal'
    )
  }

  /** The follower of a read; `undefined` when it does not matter which node answers. */
  of(session: MutableSession, query: Asked, route: Route, statement: Statement): ReadFollower | undefined {
    const { request } = query
    if (!this.areKept(session, request)) return this.#ofPool(session, query, route, statement)
    const { causality } = this.#options
    // A read that asked for a node or for a weaker consistency need not show what was read before.
    const before = this.#isProven(session, request, route) ? session.lastReads : NO_READS
    return {
      isMonotonic: true,
      answered: (node, upTo) => causality.answered(session, node, before, upTo),
      showing: before.length === 0 ? undefined : causality.showing(before),
    }
  }

  /** Reads in the pool's own session are not monotonic: only those on the primary matter. */
  #ofPool(
    session: MutableSession,
    query: Asked,
    { reason }: Route,
    statement: Statement,
  ): ReadFollower | undefined {
    const { implicit, policy, shown } = this.#options
    if (session !== implicit || reason === BY_TIME || policy.consistency !== 'causal') return undefined
    if (!ASKED.has(reason)) return this.#afterPrimary
    // Its caller has sent it to the primary.
    const answered: ReadFollower['answered'] = ({ role }) => {
      if (role === 'primary') shown(shownBy(statement, query))
    }
    return { isMonotonic: false, answered, showing: undefined }
  }

  #isProven(session: MutableSession, request: RouteRequest, { reason }: Route): boolean {
    if (FORCED.has(reason)) return false
    const consistency = consistencyOf(session, request, this.#options.policy)
    return consistency === 'causal' || consistency === 'strong'
  }
}
