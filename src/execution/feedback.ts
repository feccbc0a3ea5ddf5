import type { Platform } from '../platform/platform.ts'
import type { Balancer } from '../selection/balancer.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { Expectations } from './expectations.ts'
import type { Failure } from './failure.ts'
import type { HealthBook } from './health-book.ts'

/** Receives the result of a read that was sent, and its time in the queue, in milliseconds. */
export type SendingEnded = (failure: Failure | undefined, waitedMs?: number) => void

export interface FeedbackOptions {
  readonly balancer: Balancer
  readonly health: HealthBook
  readonly platform: Platform
}

/** Reports starts and ends of reads on replicas to the circuit breakers and the balancer. */
export class Feedback {
  readonly #options: FeedbackOptions
  readonly #expectations = new Expectations()

  constructor(options: FeedbackOptions) {
    this.#options = options
  }

  /**
   * Reports a read that is about to be sent to `node`. Call the returned function with its result.
   *
   * @param text Object that represents the text of the read.
   * @param plan The candidates in the balancer's order.
   * @param chosenAt Index of `node` among them. Absent when the balancer was not asked; then it gets no report.
   */
  sending(node: NodeView, text: object | undefined, plan?: QueryPlan, chosenAt?: number): SendingEnded {
    const { balancer, health, platform } = this.#options
    const startedAtMs = platform.now()
    const isChosen = plan !== undefined && chosenAt !== undefined
    if (isChosen && balancer.started !== undefined) {
      balancer.started(node, replicasFrom(plan, chosenAt), {
        nowMs: startedAtMs,
        random: () => platform.random(),
        inFlight: (id) => health.inFlight(id),
      })
    }
    health.started(node.id)
    return (failure, waitedMs = 0) => {
      const isUnsent = failure === 'full' || failure === 'overdue'
      const answered = !isUnsent && failure !== 'node' && failure !== 'busy' && failure !== 'sick'
      if (isUnsent) health.withdrawn(node.id)
      else health.ended(node.id, answered)
      const nowMs = platform.now()
      // The time in its tier's queue says nothing about the node.
      const elapsedMs = isUnsent ? 0 : nowMs - startedAtMs - waitedMs
      const expectedMs = this.#expectations.expectedMs(text) ?? elapsedMs
      if (answered) this.#expectations.answered(text, elapsedMs)
      if (isChosen) balancer.ended?.(node, { elapsedMs, expectedMs, answered }, nowMs)
    }
  }
}

/** Returns the replicas that were left to choose from. */
function replicasFrom({ steps }: QueryPlan, index: number): NodeView[] {
  const replicas: NodeView[] = []
  for (let i = index; i < steps.length; i++) {
    const step = steps[i]
    if (step?.reason === 'replica') replicas.push(step.node)
  }
  return replicas
}
