import type { PermitBook } from '../nodes/permit-book.ts'
import type { Tier } from '../nodes/tier.ts'
import { tierUnservedError } from '../nodes/tier-errors.ts'
import type { Route } from '../routing/route.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { Reached } from '../selection/reached.ts'
import type { NodeId, Observation } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { Attempts, type Runner } from './attempts.ts'
import { Convoy } from './convoy.ts'
import type { Abandonment } from './give-ups.ts'
import type { Cluster, ExecutionLimits, Surroundings } from './execution.ts'
import { Reader } from './reader.ts'
import { RetryBudget } from './retry-budget.ts'
import { SecondOpinions } from './second-opinion.ts'
import { SpillGate } from './spill-gate.ts'
import type { StatementTimeout } from './statement-timeout.ts'
import { TieredAttempts } from './tiered-attempts.ts'
import { Writer } from './writer.ts'

/** A tier and the limits that its statements are subject to. */
export interface Tiered {
  readonly tier: Tier
  readonly permits: PermitBook
  /** Absent when no tier has a timeout. */
  readonly statementTimeout: StatementTimeout | undefined
}

/** Runs the statements of one tier on nodes. */
export class Executor {
  /** Whether its reads may share connections. Not when tiers have their own statement timeouts. */
  readonly canShare: boolean
  /** Runs proven reads on the nodes of their plans. */
  readonly reader: Reader
  /** Runs all other statements on the primary, once, and leases connections to it. */
  readonly writer: Writer
  readonly #tier: Tier | undefined
  readonly #cluster: Cluster
  readonly #attempts: Runner
  readonly #convoy: Convoy

  /** @param tiered Absent without tiers. */
  constructor(surroundings: Surroundings, limits: ExecutionLimits, tiered?: Tiered) {
    const { nodeOf, cluster, committed, listener, platform } = surroundings
    const { failoverTimeoutMs, primarySpill } = limits
    const { places, over } = primarySpill
    this.#convoy = new Convoy({
      platform,
      snapshot: () => cluster.snapshot,
      joins: (id, text) => nodeOf(id)?.reads?.joins(text) === true,
    })
    const direct = new Attempts({
      nodeOf,
      platform,
      rode: (node) => {
        if (node.role === 'replica') this.#convoy.rode(node)
      },
      snapshot: () => cluster.snapshot,
      sent: (node, trace, askedAtMs) => listener.sent(node, trace, askedAtMs),
      answered: (node, sinceMs) => listener.answered(node, sinceMs),
    })
    const { waited } = listener
    const attempts =
      tiered === undefined ? direct : new TieredAttempts({ ...tiered, attempts: direct, platform, waited })
    const tier = tiered?.tier
    const spill = new SpillGate({
      platform,
      places,
      lanes: () => nodeOf(cluster.primary()?.id ?? '')?.reads?.laneCount ?? 0,
      waitMs: over === 'wait' ? failoverTimeoutMs : 0,
    })
    const doubts = new RetryBudget(platform)
    this.canShare = tiered?.statementTimeout === undefined
    this.#tier = tier
    this.#cluster = cluster
    this.#attempts = attempts
    this.writer = new Writer({ attempts, cluster, listener, platform, failoverTimeoutMs })
    this.reader = new Reader(surroundings, {
      attempts,
      budget: new RetryBudget(platform),
      limits,
      opinions: new SecondOpinions({ budget: doubts, cluster, committed, listener, spill }),
      spill,
      unserved: tier?.tags === undefined ? undefined : () => tierUnservedError(tier),
    })
  }

  /**
   * Plans a route on the current snapshot.
   * @param shared Text of a read that may share its connection.
   */
  plan(route: Route, shared?: string): QueryPlan {
    const mayJoin = shared !== undefined && this.canShare && route.role === 'replica'
    return this.#cluster.plan(route, this.#tier?.tags, mayJoin ? this.#convoy.placeFor(shared) : undefined)
  }

  /** Judges the server that was reached at a node's address by its own observation. */
  reached(route: Route, node: NodeView, observation: Observation): Reached {
    return this.#cluster.reached(route, node, observation)
  }

  /** Gives up a node that is down or fenced: waiting statements go elsewhere. */
  abandon(id: NodeId, cause: Error, failure?: Abandonment): void {
    this.#attempts.abandon(id, cause, failure)
  }

  /** See `Attempts.abandonLater`. */
  abandonLater(): ((cause: Error) => void) | undefined {
    return this.#attempts.abandonLater()
  }
}
