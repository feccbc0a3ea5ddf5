import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import type { ServerNode } from '../nodes/server-node.ts'
import { inThisContext } from '../platform/async-context.ts'
import type { Platform } from '../platform/platform.ts'
import type { Balancer } from '../selection/balancer.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { NodeId } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { failureOf, type Failure } from './failure.ts'

/** What the executor tells, for statistics and for the monitor. */
export interface ExecutionListener {
  /** A statement is being sent to this node. */
  sent(node: NodeView): void
  /** A proven read got its answer, or an error of its own, from this node. */
  readAnswered(node: NodeView): void
  /** The node, or the way to it, failed. */
  nodeFailed(node: NodeView, error: Error): void
}

/** Receives what node-postgres answered, untouched. */
export type Done = (error: Error | undefined, result?: unknown) => void

/** Sends one statement over a connection. May be called once per candidate of a plan. */
export type Send = (client: PoolClient, done: Done) => void

/** A proven read outside of a transaction. */
export interface Read {
  /** Must have a step. */
  readonly plan: QueryPlan
  readonly send: Send
  /** A standby refused what was thought to be a read; it runs on the primary now. */
  readonly refused: (node: NodeId, error: Error) => void
}

export interface ExecutorOptions {
  readonly nodeOf: (id: NodeId) => ServerNode
  readonly balancer: Balancer
  readonly platform: Platform
  readonly listener: ExecutionListener
}

type Attempted = (failure: Failure | undefined, error: Error | undefined, result: unknown) => void

/** Walks plans: runs statements, and moves reads on to the next candidate where that is safe. */
export class Executor {
  readonly #options: ExecutorOptions

  constructor(options: ExecutorOptions) {
    this.#options = options
  }

  /**
   * Runs a read. A node that fails is left for the next candidate: a read has no side effect, and nothing of an answer
   * has reached the caller yet.
   */
  read(read: Read, done: Done): void {
    this.#readStep(read, 0, done)
  }

  /** Runs anything else. Once: what may have reached a server is never sent again. */
  write(node: NodeView, send: Send, done: Done): void {
    this.#attempt(node, send, (failure, error, result) => {
      // A primary that refuses because it is a standby was demoted.
      const isSuspect = failure === 'node' || failure === 'standby-refusal'
      if (isSuspect && error !== undefined) this.#options.listener.nodeFailed(node, error)
      done(error, result)
    })
  }

  #readStep(read: Read, index: number, done: Done): void {
    const { plan, send } = read
    const step = plan.steps[index]
    if (step === undefined) throw new RangeError('A read needs a plan with a step to run')
    const { balancer, platform, listener } = this.#options
    const { node } = step
    const isReplica = step.reason === 'replica'
    const startedAtMs = platform.now()
    if (isReplica) balancer.started?.(node, replicasFrom(plan, index))

    this.#attempt(node, send, (failure, error, result) => {
      if (isReplica) {
        balancer.ended?.(node, { elapsedMs: platform.now() - startedAtMs, answered: failure !== 'node' })
      }
      if (error !== undefined && failure === 'node') listener.nodeFailed(node, error)
      if (error === undefined || failure === 'statement' || !isReplica) {
        if (failure !== 'node') listener.readAnswered(node)
        return done(error, result)
      }
      if (failure === 'standby-refusal') read.refused(node.id, error)
      // What one standby refuses, every standby refuses.
      const next =
        failure === 'standby-refusal' ? plan.steps.findIndex((s) => s.reason === 'fallback') : index + 1
      if (plan.steps[next] === undefined) return done(error)
      this.#readStep(read, next, done)
    })
  }

  /** Leases a connection, sends, gives the connection back, answers. As with pg.Pool, an error costs the connection. */
  #attempt(node: NodeView, send: Send, attempted: Attempted): void {
    // pg-pool hands connections over in the async context of whoever released them.
    const leased = inThisContext((leaseError: Error | undefined, client?: PoolClient): void => {
      if (client === undefined) {
        return attempted('node', leaseError ?? new Error('Connection terminated unexpectedly'), undefined)
      }
      let finished = false
      const finish: Done = (error, result) => {
        if (finished) return
        finished = true
        client.removeListener('error', finish)
        client.release(error)
        attempted(error ? failureOf(error) : undefined, error ?? undefined, result)
      }
      client.once('error', finish)
      this.#options.listener.sent(node)
      try {
        send(client, finish)
      } catch (error) {
        finish(asError(error))
      }
    })
    this.#options.nodeOf(node.id).lease(leased)
  }
}

function replicasFrom(plan: QueryPlan, index: number): NodeView[] {
  const replicas: NodeView[] = []
  for (let i = index; i < plan.steps.length; i++) {
    const step = plan.steps[i]
    if (step?.reason === 'replica') replicas.push(step.node)
  }
  return replicas
}
