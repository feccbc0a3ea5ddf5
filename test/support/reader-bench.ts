import type { Done } from '../../src/execution/execution.ts'
import { Reader } from '../../src/execution/reader.ts'
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
    return new Reader({
      attempts,
      balancer,
      budget: given.budget ?? new RetryBudget(platform),
      cluster,
      health,
      listener,
      opinions: new SecondOpinions({
        budget: given.doubts ?? new RetryBudget(platform),
        cluster,
        committed: async () => this.committed,
        listener,
        spill: this.spill,
      }),
      platform,
      spill: this.spill,
      readTimeoutMs,
      catchUpTimeoutMs: 100,
      failoverTimeoutMs: FAILOVER_TIMEOUT_MS,
    })
  }

  read(word: string, given: Given = {}, done: Done = this.done): void {
    this.reader(given).read(
      {
        plan: () => planOf(word),
        send: this.send,
        refused: (node, error) => void this.log.push(`refused by ${node.id}: ${error.message}`),
      },
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
