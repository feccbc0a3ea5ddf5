import type { PermitBook } from '../nodes/permit-book.ts'
import type { ServerNode } from '../nodes/server-node.ts'
import type { Tier } from '../nodes/tier.ts'
import { tierUnservedError } from '../nodes/tier-errors.ts'
import type { Platform } from '../platform/platform.ts'
import type { Balancer } from '../selection/balancer.ts'
import type { NodeId } from '../topology/node.ts'
import { Attempts, type Runner } from './attempts.ts'
import type { Abandonment } from './give-ups.ts'
import type { Cluster, Done, ExecutionListener, Send } from './execution.ts'
import type { HealthBook } from './health-book.ts'
import type { Read } from './read.ts'
import { Reader } from './reader.ts'
import { RetryBudget } from './retry-budget.ts'
import { SecondOpinions, type SecondOpinionsOptions } from './second-opinion.ts'
import { SpillGate } from './spill-gate.ts'
import type { StatementTimeout } from './statement-timeout.ts'
import { TieredAttempts } from './tiered-attempts.ts'
import { Writer, type Leased } from './writer.ts'

/** How long and how much, in milliseconds and reads at once. */
export interface ExecutionLimits {
  readonly readTimeoutMs: number | undefined
  readonly failoverTimeoutMs: number
  readonly catchUpTimeoutMs: number
  readonly primarySpill: { readonly places: number; readonly over: 'wait' | 'fail' }
}

export interface ExecutorOptions {
  /** Absent when the node is no longer one of the cluster's. */
  readonly nodeOf: (id: NodeId) => ServerNode | undefined
  readonly balancer: Balancer
  readonly cluster: Cluster
  readonly committed: SecondOpinionsOptions['committed']
  readonly health: HealthBook
  readonly limits: ExecutionLimits
  readonly listener: ExecutionListener
  readonly platform: Platform
  /** Absent: its statements belong to no tier. */
  readonly tier?: Tiered | undefined
}

/** What a tier's statements need besides. */
export interface Tiered {
  readonly tier: Tier
  readonly permits: PermitBook
  readonly statementTimeout: StatementTimeout | undefined
}

/** Runs statements on nodes, and tells a node's failure from a statement's. */
export class Executor {
  readonly #attempts: Runner
  readonly #reader: Reader
  readonly #writer: Writer

  constructor(options: ExecutorOptions) {
    const { nodeOf, balancer, cluster, committed, health, limits, listener, platform, tier: tiered } = options
    const { failoverTimeoutMs, primarySpill, readTimeoutMs, catchUpTimeoutMs } = limits
    const { places, over } = primarySpill
    const untiered = new Attempts({
      nodeOf,
      platform,
      snapshot: () => cluster.snapshot,
      sent: (node) => listener.sent(node),
    })
    const attempts =
      tiered === undefined ? untiered : new TieredAttempts({ ...tiered, attempts: untiered, platform })
    const tier = tiered?.tier
    const unserved = tier?.tags === undefined ? undefined : (): Error => tierUnservedError(tier)
    const budget = new RetryBudget(platform)
    const spill = new SpillGate({ platform, places, waitMs: over === 'wait' ? failoverTimeoutMs : 0 })
    const doubts = new RetryBudget(platform)
    const opinions = new SecondOpinions({ budget: doubts, cluster, committed, listener, spill })
    this.#attempts = attempts
    this.#writer = new Writer({ attempts, cluster, listener, platform, failoverTimeoutMs })
    this.#reader = new Reader({
      attempts,
      balancer,
      budget,
      cluster,
      health,
      listener,
      opinions,
      platform,
      spill,
      unserved,
      readTimeoutMs,
      failoverTimeoutMs,
      catchUpTimeoutMs,
    })
  }

  /** Runs a proven read on the nodes of its plan, one after the other where that is safe. */
  read(read: Read, done: Done): void {
    this.#reader.read(read, done)
  }

  /** Runs anything else on the primary, once. */
  write(send: Send, done: Done): void {
    this.#writer.write(send, done)
  }

  /** Hands out a connection to the primary for exclusive use. */
  lease(done: Leased): void {
    this.#writer.lease(done)
  }

  /** The node is gone, or left behind: who waits for it goes elsewhere. */
  abandon(id: NodeId, cause: Error, failure?: Abandonment): void {
    this.#attempts.abandon(id, cause, failure)
  }
}
