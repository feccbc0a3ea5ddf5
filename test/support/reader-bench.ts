import type { Done } from '../../src/execution/execution.ts'
import type { Read } from '../../src/execution/read.ts'
import { Reader } from '../../src/execution/reader.ts'
import type { QueryPlan } from '../../src/selection/query-plan.ts'
import type { Reached } from '../../src/selection/reached.ts'
import type { NodeView } from '../../src/topology/snapshot.ts'
import type { Position } from '../../src/consistency/position.ts'
import { SecondOpinions } from '../../src/execution/second-opinion.ts'
import { RetryBudget } from '../../src/execution/retry-budget.ts'
import { SpillGate } from '../../src/execution/spill-gate.ts'
import { ExecutionBench, FAILOVER_TIMEOUT_MS, planOf } from './execution-bench.ts'

export interface Given {
  readonly readTimeoutMs?: number
  readonly places?: number
  readonly catchUpTimeoutMs?: number
  readonly budget?: RetryBudget
  readonly doubts?: RetryBudget
}

/** A reader over fake servers. */
export class ReaderBench extends ExecutionBench {
  spill: SpillGate | undefined
  /** How far the primary is: as far as the replicas are. */
  committed: Position | undefined = { lsn: 0x1000n, systemIdentifier: '7000', timeline: 1 }

  reader(given: Given = {}): Reader {
    const { readTimeoutMs, places = 9, catchUpTimeoutMs = FAILOVER_TIMEOUT_MS } = given
    const { attempts, balancer, cluster, health, listener, platform } = this
    this.spill ??= new SpillGate({ platform, places, waitMs: catchUpTimeoutMs })
    const { spill } = this
    const committed = async (): Promise<Position | undefined> => this.committed
    const doubts = given.doubts ?? new RetryBudget(platform)
    return new Reader(
      { nodeOf: (id) => this.nodeOf(id), balancer, cluster, committed, health, listener, platform },
      {
        attempts,
        budget: given.budget ?? new RetryBudget(platform),
        limits: { readTimeoutMs, catchUpTimeoutMs: 100, failoverTimeoutMs: FAILOVER_TIMEOUT_MS },
        opinions: new SecondOpinions({ budget: doubts, cluster, committed, listener, spill }),
        spill,
      },
    )
  }

  /** A read whose candidates are these, whenever it is planned. */
  readOf(replan: () => QueryPlan, given: Partial<Read> = {}): Read {
    const reached = (): Reached => ({ is: 'unfit' })
    return { plan: replan(), replan, reached, send: this.send, refused: () => {}, ...given }
  }

  read(word: string, given: Given = {}, done: Done = this.done): void {
    const refused = (node: NodeView, error: Error): void =>
      void this.log.push(`refused by ${node.id}: ${error.message}`)
    this.reader(given).read(
      this.readOf(() => planOf(word), { refused }),
      done,
    )
  }

  /** How many places on the primary are free. */
  get freePlaces(): number {
    let free = 0
    for (let isIn = true; isIn;) this.spill?.enter((entered) => (isIn = entered && ++free < 99))
    return free
  }
}
