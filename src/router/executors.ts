import { maxOf } from '../config/limits.ts'
import type { ResolvedOptions } from '../config/resolved-options.ts'
import { limitsOf, noSuchTier } from '../config/tiers.ts'
import type { MutableSession } from '../consistency/session.ts'
import type { Abandonment } from '../execution/give-ups.ts'
import type { Surroundings } from '../execution/execution.ts'
import { Executor } from '../execution/executor.ts'
import { StatementTimeout } from '../execution/statement-timeout.ts'
import type { NodeSet } from '../nodes/node-set.ts'
import { PermitBook } from '../nodes/permit-book.ts'
import { DEFAULT_TIER } from '../nodes/tier.ts'
import type { RouteRequest } from '../routing/decide.ts'
import type { ConnectionSettings } from '../settings/connection-settings.ts'
import type { NodeId } from '../topology/node.ts'

export interface ExecutorsOptions {
  readonly resolved: ResolvedOptions
  readonly nodes: NodeSet
  readonly surroundings: Surroundings
  readonly connections: ConnectionSettings
}

/** Creates one executor, or one for each tier. They share the state of the nodes. */
export function createExecutors({ connections, nodes, resolved, surroundings }: ExecutorsOptions): Executors {
  const { tiers } = resolved
  if (tiers === undefined) return new Executors(new Executor(surroundings, resolved))
  const permits = new PermitBook({
    tiers,
    platform: surroundings.platform,
    maxOf: (id) => maxOf(nodes.configOf(id)?.options ?? resolved.pgOptions),
  })
  const areTimed = tiers.some((tier) => tier.statementTimeoutMs !== undefined)
  const statementTimeout = areTimed ? new StatementTimeout(connections) : undefined
  const executors = tiers.map((tier) => {
    const limits = limitsOf(resolved, tier)
    return [tier.name, new Executor(surroundings, limits, { tier, permits, statementTimeout })] as const
  })
  return new Executors(undefined, new Map(executors), permits)
}

/** The executors of a pool's tiers. */
export class Executors {
  readonly #tiers: ReadonlyMap<string, Executor>
  readonly #default: Executor
  readonly #permits: PermitBook | undefined

  /** @param only The only executor. Absent with tiers, one of which is the default. */
  constructor(
    only: Executor | undefined,
    tiers: ReadonlyMap<string, Executor> = new Map(),
    permits?: PermitBook,
  ) {
    this.#tiers = tiers
    this.#permits = permits
    this.#default = only ?? this.named(DEFAULT_TIER)
  }

  /** Returns the executor of a query in this session. Throws `SWITCHYARD_INVALID_OPTION` for an unknown tier. */
  of(request: RouteRequest, session: MutableSession): Executor {
    const name = request.tier ?? session.tier
    return name === undefined ? this.#default : this.named(name)
  }

  /** Returns the executor of a tier. Throws `SWITCHYARD_INVALID_OPTION` for an unknown tier. */
  named(name: string | undefined): Executor {
    if (name === undefined) return this.#default
    const executor = this.#tiers.get(name)
    if (executor !== undefined) return executor
    throw noSuchTier(name, [...this.#tiers.keys()])
  }

  /** Gives up a node that is down or fenced: waiting statements go elsewhere. */
  abandon(id: NodeId, cause: Error, failure?: Abandonment): void {
    for (const executor of this.#all) executor.abandon(id, cause, failure)
  }

  /**
   * Returns a function that gives up the reads which are in flight now, on any node, except those that have ended by
   * then. `undefined` if there are none.
   */
  abandonLater(): ((cause: Error) => void) | undefined {
    const later = this.#all.flatMap((executor) => executor.abandonLater() ?? [])
    if (later.length === 0) return undefined
    return (cause) => {
      for (const abandon of later) abandon(cause)
    }
  }

  /** Forgets all nodes but these. */
  retain(ids: ReadonlySet<NodeId>): void {
    this.#permits?.retain(ids)
  }

  get #all(): readonly Executor[] {
    return this.#tiers.size === 0 ? [this.#default] : [...this.#tiers.values()]
  }
}
