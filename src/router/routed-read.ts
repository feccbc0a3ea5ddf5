import type { PoolClient } from 'pg'
import type { Position } from '../consistency/position.ts'
import type { Conversation } from '../execution/conversation.ts'
import { customOf, type Decision, type RunOptions } from '../execution/decision.ts'
import type { Done, Send } from '../execution/execution.ts'
import type { Read, ReadFollower } from '../execution/read.ts'
import type { ShareableRead } from '../nodes/shareable-read.ts'
import type { Subject, Trace } from '../nodes/trace.ts'
import { positionToAsk } from '../routing/route.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { Reached } from '../selection/reached.ts'
import { Journal } from '../settings/journal.ts'
import type { SettingKeeper } from '../settings/setting-keeper.ts'
import { mayShare } from '../statement/may-share.ts'
import type { Statement } from '../statement/statement.ts'
import type { Observation } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'

/** Runs a statement that a standby has rejected because it is a standby. */
export interface Repairer {
  repair(node: NodeView, cause: Error, decision: Decision, options: RunOptions, done: Done): void
}

/** A read as execution needs it: how it is sent, and under which settings. */
export class RoutedRead implements Read {
  readonly follower: ReadFollower | undefined
  readonly custom: ReadonlySet<string>
  readonly #decision: Decision
  readonly #options: RunOptions
  readonly #send: Send
  readonly #settings: SettingKeeper
  readonly #repairer: Repairer
  readonly #done: Done
  /** Settings that its connection must have, at the time of the decision. */
  readonly #journal: Journal
  /** Sends it over a connection that is checked out for it. Absent without `acquire` listeners. */
  readonly #checkedOut: Send | undefined
  /** `null` until it is computed. */
  #shareable: ShareableRead | undefined | null = null

  constructor(
    decision: Decision,
    options: RunOptions,
    settings: SettingKeeper,
    follower: ReadFollower | undefined,
    repairer: Repairer,
    done: Done,
  ) {
    this.#decision = decision
    this.#options = options
    this.#settings = settings
    this.#journal = decision.journal ?? settings.pool.journal
    this.follower = follower
    const { acquire } = options
    decision.query.mayRepeat()
    this.#send = settings.sendOf(decision.overlay, decision.query, decision.statement, options.send)
    this.custom = customOf(decision)
    // Made now: listeners must find the settings as of the decision.
    if (acquire !== undefined) this.#checkedOut = settings.under(decision.journal, this.#send, false, acquire)
    this.#repairer = repairer
    this.#done = done
  }

  get plan(): QueryPlan {
    return this.#decision.plan
  }

  replan(): QueryPlan {
    const { executor, route } = this.#decision
    return executor.plan(route)
  }

  reached(node: NodeView, observation: Observation): Reached {
    const { executor, route } = this.#decision
    return executor.reached(route, node, observation)
  }

  refused(node: NodeView, cause: Error): void {
    this.#repairer.repair(node, cause, this.#decision, this.#options, this.#done)
  }

  get trace(): Trace | undefined {
    return this.#decision.query.trace
  }

  get subject(): Subject {
    const { query, statement } = this.#decision
    return { statement, sql: query.text }
  }

  get text(): object {
    return this.#decision.statement
  }

  get position(): Position | undefined {
    return positionToAsk(this.#decision.route)
  }

  get conversation(): Conversation | undefined {
    return this.#options.conversation
  }

  get canPipeline(): boolean {
    const { acquire, send } = this.#options
    return acquire === undefined && send === undefined && this.#decision.query.canPipeline
  }

  get shareable(): ShareableRead | undefined {
    if (this.#shareable === null) this.#shareable = this.#share()
    return this.#shareable
  }

  send(client: PoolClient, done: Done): void {
    if (this.#checkedOut !== undefined) return this.#checkedOut(client, done)
    this.#settings.under(this.#journal, this.#send, this.canPipeline)(client, done)
  }

  /** Whether its connection needs no settings and no hooks. */
  #share(): ShareableRead | undefined {
    const { executor, overlay, query, statement } = this.#decision
    const { acquire, send } = this.#options
    const isPlain = acquire === undefined && send === undefined && overlay === undefined
    const isAlone = isPlain && this.#journal === Journal.empty
    return isAlone && executor.canShare && mayShare(statement)
      ? query.shareable(schemaOf(statement))
      : undefined
  }
}

/** Returns the schema in which it may be prepared. */
function schemaOf({ naming }: Statement): string | undefined {
  return naming !== undefined && 'schema' in naming ? naming.schema : undefined
}
