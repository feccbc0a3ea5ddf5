import type { PoolClient } from 'pg'
import { exchange } from '../nodes/exchange.ts'
import type { PermitBook } from '../nodes/permit-book.ts'
import type { Tier } from '../nodes/tier.ts'
import type { Trace } from '../nodes/trace.ts'
import type { Platform } from '../platform/platform.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { atRelease } from './at-release.ts'
import { unsent, type Attempted } from './attempted.ts'
import type { Runner } from './attempts.ts'
import type { Refused } from './connect.ts'
import type { ExecutionListener, Send } from './execution.ts'
import type { Failure } from './failure.ts'
import type { Sendable } from './read.ts'
import type { ReadTerms } from './read-attempt.ts'
import type { StatementTimeout } from './statement-timeout.ts'

export interface TieredAttemptsOptions {
  readonly attempts: Runner
  readonly permits: PermitBook
  readonly platform: Platform
  readonly tier: Tier
  readonly waited: ExecutionListener['waited']
  /** Absent when no tier has a timeout. */
  readonly statementTimeout: StatementTimeout | undefined
}

/** Runs the statements of one tier. Takes a permit before it requests a connection, and returns it afterwards. */
export class TieredAttempts implements Runner {
  readonly #options: TieredAttemptsOptions

  constructor(options: TieredAttemptsOptions) {
    this.#options = options
  }

  read(node: NodeView, sendable: Sendable, terms: ReadTerms, attempted: (end: Attempted) => void): void {
    sendable.trace?.waits('permit')
    this.#enter(
      node,
      (leave, waitedMs) => {
        const { attempts, platform, waited } = this.#options
        waited('permit', platform.now() - waitedMs, sendable.trace)
        attempts.read(node, this.#timedRead(sendable), terms, (end) => {
          if (end.client === undefined) leave()
          else atRelease(end.client, leave)
          const { client, error, failure, hasSlot, knownAtSend, result, wasSent } = end
          attempted({ client, error, failure, hasSlot, knownAtSend, result, wasSent, waitedMs })
        })
      },
      (error, failure) => attempted(unsent(error, failure)),
    )
  }

  write(
    node: NodeView,
    send: Send,
    attempted: (end: Attempted) => void,
    custom?: ReadonlySet<string>,
    trace?: Trace,
  ): void {
    const { attempts, platform, waited } = this.#options
    const sinceMs = platform.now()
    trace?.waits('permit')
    this.#enter(
      node,
      (leave) => {
        waited('permit', sinceMs, trace)
        const ended = (end: Attempted): void => {
          leave()
          attempted(end)
        }
        attempts.write(node, this.#timed(send), ended, custom, trace)
      },
      (error, failure) => attempted(unsent(error, failure)),
    )
  }

  lease(
    node: NodeView,
    leased: (client: PoolClient) => void,
    refused: Refused,
    custom?: ReadonlySet<string>,
  ): void {
    const { attempts, statementTimeout, tier } = this.#options
    const granted = (leave: () => void): void => {
      const prepared = (client: PoolClient): void => {
        atRelease(client, leave)
        if (statementTimeout === undefined) return leased(client)
        let isOver = false
        const end = (error: Error | undefined, failure: Failure): void => {
          if (isOver) return
          isOver = true
          unwatch()
          if (error === undefined) return leased(client)
          client.release(error)
          refused(error, failure)
        }
        const unwatch = attempts.watch(node, end)
        const before = statementTimeout.steps(client, tier.statementTimeoutMs)
        exchange(client, { before }, (error) => end(error, 'node'))
      }
      const failed: Refused = (error, failure) => {
        leave()
        refused(error, failure)
      }
      attempts.lease(node, prepared, failed, custom)
    }
    this.#enter(node, granted, refused)
  }

  watch: Runner['watch'] = (node, giveUp) => this.#options.attempts.watch(node, giveUp)

  abandon: Runner['abandon'] = (id, cause, failure) => this.#options.attempts.abandon(id, cause, failure)

  abandonLater: Runner['abandonLater'] = () => this.#options.attempts.abandonLater()

  /** Requests a permit. Exactly one callback is called, once. Fails when the node is given up. */
  #enter(node: NodeView, granted: (leave: () => void, waitedMs: number) => void, refused: Refused): void {
    const { attempts, permits, platform, tier } = this.#options
    const sinceMs = platform.now()
    const unwatch = attempts.watch(node, (cause, failure) => {
      unwatch()
      withdraw()
      refused(cause, failure)
    })
    const withdraw = permits.ask(node.id, tier, (error, leave) => {
      unwatch()
      if (error === undefined) granted(leave, platform.now() - sinceMs)
      else refused(error, Reflect.get(error, 'code') === 'SWITCHYARD_TIER_FULL' ? 'full' : 'overdue')
    })
  }

  #timedRead(sendable: Sendable): Sendable {
    if (this.#options.statementTimeout === undefined) return sendable
    // The timeout has to be set on its connection, which other reads must not share.
    const { custom, trace } = sendable
    return { send: this.#timed((client, done) => sendable.send(client, done)), custom, trace }
  }

  #timed(query: Send): Send {
    const { statementTimeout, tier } = this.#options
    if (statementTimeout === undefined) return query
    return (client, done) =>
      exchange(client, { before: statementTimeout.steps(client, tier.statementTimeoutMs), query }, done)
  }
}
