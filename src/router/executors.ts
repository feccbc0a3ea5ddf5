import { maxOf } from '../config/limits.ts'
import type { Settings } from '../config/settings.ts'
import { limitsOf } from '../config/tiers.ts'
import { invalid } from '../config/validate.ts'
import type { MutableSession } from '../consistency/session.ts'
import type { Abandonment } from '../execution/give-ups.ts'
import { Executor, type ExecutorOptions, type Tiered } from '../execution/executor.ts'
import type { Read } from '../execution/read.ts'
import { StatementTimeout } from '../execution/statement-timeout.ts'
import type { NodeSet } from '../nodes/node-set.ts'
import { PermitBook } from '../nodes/permit-book.ts'
import { DEFAULT_TIER } from '../nodes/tier.ts'
import type { RouteRequest } from '../routing/decide.ts'
import type { Route } from '../routing/route.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { ConnectionSettings } from '../settings/connection-settings.ts'
import type { NodeId } from '../topology/node.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Who runs the statements of one tier, and where they may run. */
export interface Work {
  readonly executor: Executor
  readonly plan: (route: Route) => QueryPlan
  /** Who may serve a read that goes this way. */
  readonly candidates: (route: Route) => Pick<Read, 'plan' | 'reached'>
  /** Whether its reads may share connections: not where connections have one tier's timeout or another's. */
  readonly canShare: boolean
}

export interface ExecutorsOptions extends Pick<
  ExecutorOptions,
  'balancer' | 'committed' | 'health' | 'listener' | 'platform'
> {
  readonly settings: Settings
  readonly nodes: NodeSet
  readonly cluster: WatchedCluster
  readonly connections: ConnectionSettings
}

/** One executor, or one for each tier where there are tiers. They share what is known of the nodes. */
export function createExecutors({ connections, nodes, settings, ...shared }: ExecutorsOptions): Executors {
  const { cluster, platform } = shared
  const nodeOf: ExecutorOptions['nodeOf'] = (id) => nodes.get(id)
  const { tiers } = settings
  const canShare = tiers === undefined || tiers.every((tier) => tier.statementTimeoutMs === undefined)
  const workOf = (tiered: Tiered | undefined): Work => {
    const limits = limitsOf(settings, tiered?.tier)
    const tags = tiered?.tier.tags
    return {
      executor: new Executor({ ...shared, nodeOf, limits, tier: tiered }),
      plan: (route) => cluster.plan(route, tags),
      candidates: (route) => ({
        plan: () => cluster.plan(route, tags),
        reached: (node, observation) => cluster.reached(route, node, observation),
      }),
      canShare,
    }
  }
  if (tiers === undefined) return new Executors(workOf(undefined))
  const permits = new PermitBook({
    tiers,
    platform,
    maxOf: (id) => maxOf(nodes.configOf(id)?.options ?? settings.pgOptions),
  })
  const statementTimeout = canShare ? undefined : new StatementTimeout(connections)
  const works = tiers.map((tier) => [tier.name, workOf({ tier, permits, statementTimeout })] as const)
  return new Executors(undefined, new Map(works), permits)
}

/** Whose turn it is to run a statement. One per pool. */
export class Executors {
  readonly #tiers: ReadonlyMap<string, Work>
  readonly #default: Work
  readonly #permits: PermitBook | undefined

  /** @param only Absent where there are tiers, of which one is the default. */
  constructor(only: Work | undefined, tiers: ReadonlyMap<string, Work> = new Map(), permits?: PermitBook) {
    this.#tiers = tiers
    this.#permits = permits
    this.#default = only ?? this.named(DEFAULT_TIER)
  }

  /** Of what is asked for in this session. Throws `SWITCHYARD_INVALID_OPTION` when there is no such tier. */
  of(request: RouteRequest, session: MutableSession): Work {
    const name = request.tier ?? session.tier
    return name === undefined ? this.#default : this.named(name)
  }

  /** Throws `SWITCHYARD_INVALID_OPTION` when there is no such tier. */
  named(name: string | undefined): Work {
    if (name === undefined) return this.#default
    const work = this.#tiers.get(name)
    if (work !== undefined) return work
    const names = [...this.#tiers.keys()].map((each) => JSON.stringify(each)).join(', ')
    const legal = names === '' ? 'left out, because the pool has no "tiers"' : `one of ${names}`
    throw invalid(`Option "tier" must be ${legal}; received ${JSON.stringify(name)}`)
  }

  /** The node is gone, or left behind: who waits for it goes elsewhere. */
  abandon(id: NodeId, cause: Error, failure?: Abandonment): void {
    const works = this.#tiers.size === 0 ? [this.#default] : this.#tiers.values()
    for (const { executor } of works) executor.abandon(id, cause, failure)
  }

  /** The node is no longer one of the cluster's. */
  forget(id: NodeId): void {
    this.#permits?.forget(id)
  }
}
