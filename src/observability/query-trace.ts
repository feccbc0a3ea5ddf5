import type { RepairReason, RetryReason, SpillReason, Trace, Traced, WaitReason } from '../nodes/trace.ts'
import type { PlanStep, QueryPlan } from '../selection/query-plan.ts'
import { lagMs, type NodeView } from '../topology/snapshot.ts'
import { statementError } from './event-error.ts'
import type { EventStream } from './event-stream.ts'
import { explainPlan } from './explain.ts'
import type { QueryExecution, Repair, Retry } from './statement-events.ts'

/** Surroundings of the traces of one pool. */
export interface TracePort {
  readonly stream: EventStream
  readonly platform: { now(): number }
  /** Returns where a node is reached, as far as its options say. */
  readonly addressOf: (node: string) => { readonly address?: string; readonly port?: number }
  /** Called with each statement that has ended. */
  readonly ended?: (execution: QueryExecution) => void
  /** The statements that wait at the moment. */
  readonly waiting: Set<QueryTrace>
}

/** A wait that has not ended. */
interface Waiting {
  readonly reason: WaitReason
  readonly sinceMs: number
}

/** A message while it is filled. */
export type Filling = { -readonly [Field in keyof QueryExecution]: QueryExecution[Field] }

/** Fills the message of one statement, and emits the events on its way. */
export class QueryTrace implements Trace {
  readonly message: Filling
  readonly #port: TracePort
  readonly #startedAtMs: number
  #plan: QueryPlan | undefined
  #waiting: Waiting | undefined

  constructor(message: Filling, port: TracePort) {
    this.message = message
    this.#port = port
    this.#startedAtMs = port.platform.now()
  }

  decided({ plan, route, statement }: Traced): void {
    const { message } = this
    const { stream } = this.#port
    const { kind, reason } = statement
    this.#plan = plan
    message.kind = kind
    message.statement = reason
    message.reason = route.reason
    if (!stream.hears('decision')) return
    stream.tell('decision', {
      query: message.id,
      ...(message.sql === undefined ? {} : { sql: message.sql }),
      kind,
      statement: reason,
      role: route.role,
      reason: route.reason,
      ...explainPlan(plan),
    })
  }

  /** The reason why it waits, and since when. */
  get waiting(): Waiting | undefined {
    return this.#waiting
  }

  sent(node: NodeView): void {
    const { message } = this
    if (this.#waiting !== undefined) this.#goesOn()
    const { addressOf, platform } = this.#port
    const { address, port } = addressOf(node.id)
    const { lag, role } = node
    message.node = node.id
    message.role = role
    message.address = address
    message.port = port
    message.candidate = stepOf(this.#plan, node)?.reason
    message.lagMs = role === 'replica' && lag !== undefined ? lagMs(lag, platform.now()) : undefined
  }

  waits(reason: WaitReason): void {
    this.#waiting = { reason, sinceMs: this.#port.platform.now() }
    this.#port.waiting.add(this)
  }

  waited(reason: WaitReason, durationMs: number): void {
    const { stream } = this.#port
    if (this.#waiting?.reason === reason) this.#goesOn()
    const wait = { reason, durationMs }
    this.message.waits = [...this.message.waits, wait]
    if (stream.hears('wait')) stream.tell('wait', { query: this.message.id, ...wait })
  }

  retried(node: NodeView, reason: RetryReason, error: Error): void {
    const { stream } = this.#port
    const retry: Retry = { node: node.id, reason, ...codeOf(error) }
    this.message.retries = [...this.message.retries, retry]
    if (stream.hears('retry')) stream.tell('retry', { query: this.message.id, ...retry })
  }

  repaired(node: NodeView, reason: RepairReason, error: Error): void {
    const { stream } = this.#port
    const repair: Repair = { node: node.id, reason, ...codeOf(error) }
    this.message.repair = repair
    if (stream.hears('repair')) stream.tell('repair', { query: this.message.id, ...repair })
  }

  spilled(reason: SpillReason): void {
    const { stream } = this.#port
    this.message.spill = reason
    if (stream.hears('spill')) stream.tell('spill', { query: this.message.id, reason })
  }

  /** Completes the message. */
  ended(error: unknown, result: unknown): void {
    const { message } = this
    if (this.#waiting !== undefined) this.#goesOn()
    const { ended, platform, stream } = this.#port
    message.durationMs = platform.now() - this.#startedAtMs
    if (error) message.error = statementError(error)
    else message.rowCount = rowCountOf(result)
    ended?.(message)
    if (stream.hears('execution')) stream.tell('execution', message)
  }

  #goesOn(): void {
    this.#waiting = undefined
    this.#port.waiting.delete(this)
  }
}

/** The step of a plan that leads to a node: as a rule the first. */
function stepOf(plan: QueryPlan | undefined, { id }: NodeView): PlanStep | undefined {
  const first = plan?.steps[0]
  return first?.node.id === id ? first : plan?.steps.find(({ node }) => node.id === id)
}

function codeOf(error: Error): { readonly code?: string } {
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? { code } : {}
}

/** Returns the number of rows, or that of the last statement of a text with several. */
function rowCountOf(result: unknown): number | undefined {
  const last: unknown = Array.isArray(result) ? result.at(-1) : result
  const count: unknown = typeof last === 'object' && last !== null ? Reflect.get(last, 'rowCount') : undefined
  return typeof count === 'number' ? count : undefined
}
