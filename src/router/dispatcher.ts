import type { MutableSession } from '../consistency/session.ts'
import { changedBy, type Touched } from '../consistency/touched.ts'
import { NO_SCHEMA, writeBy } from '../consistency/write-ledger.ts'
import { asError } from '../errors/as-error.ts'
import { customOf, type Decision, type RunOptions } from '../execution/decision.ts'
import type { Done, Send } from '../execution/execution.ts'
import { hasLeftNothing } from '../execution/left-nothing.ts'
import type { Query } from '../nodes/query.ts'
import type { RepairReason } from '../nodes/trace.ts'
import type { Tell } from '../observability/tell.ts'
import type { Transitions } from '../observability/transitions.ts'
import type { SettingKeeper } from '../settings/setting-keeper.ts'
import { normalised } from '../statement/normalised.ts'
import { UNPARSED } from '../statement/unparsed.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Decider } from './decider.ts'
import type { Ended } from './endings.ts'
import { IgnoredHints } from './ignored-hints.ts'
import type { Judgement } from './judgement.ts'
import type { Readiness } from './readiness.ts'
import { RoutedRead, type Repairer } from './routed-read.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { WatchedCluster } from './watched-cluster.ts'

export interface DispatcherOptions {
  readonly decider: Decider
  readonly cluster: Pick<WatchedCluster, 'servesUnmeasured'>
  readonly ended: Ended
  readonly judgement: Pick<Judgement, 'judge' | 'learn'>
  readonly readiness: Pick<Readiness, 'answered'>
  readonly sessions: SessionKeeper
  readonly settings: SettingKeeper
  readonly tell: Tell
  readonly transitions: Pick<Transitions, 'once'>
}

/** Receives a read that a replica has rejected. */
export type Repaired = (node: NodeView, reason: RepairReason, cause: Error, decision: Decision) => void

const nothing = (): void => {}

/** Runs decisions about autocommit statements, and corrects those that a standby proves wrong. */
export class Dispatcher implements Repairer {
  readonly #options: DispatcherOptions
  readonly #ignoredHints: IgnoredHints
  readonly #repaired: Repaired

  /** @param repaired Called when the primary runs a read that a replica has rejected. */
  constructor(options: DispatcherOptions, repaired: Repaired) {
    this.#options = options
    this.#repaired = repaired
    this.#ignoredHints = new IgnoredHints(({ kind, offender, reason }) =>
      options.tell('hintIgnored', {
        kind,
        reason,
        ...(offender === undefined ? {} : { offender: offender.text }),
      }),
    )
  }

  /** Decides about a statement and runs it. */
  submit(query: Query, session: MutableSession, options: RunOptions, done: Done): void {
    try {
      const decided = this.#options.decider.decide(query, session)
      if (!(decided instanceof Promise)) return this.run(decided, options, done)
      decided
        .then((decision) => this.run(decision, options, done))
        .catch((error: unknown) => done(asError(error)))
    } catch (error) {
      done(asError(error))
    }
  }

  /**
   * Runs a decision, except on a connection that the client holds. Calls `done` with the unchanged result of
   * node-postgres.
   */
  run(decision: Decision, options: RunOptions, done: Done): void {
    const { conversation } = options
    const { executor, query, route, runs, session, statement } = decision
    const isOnPrimary = runs !== 'read' || route.role === 'primary'
    if (isOnPrimary && conversation !== undefined) return conversation.spilled(nothing, nothing)
    if (runs !== 'read') return this.#write(decision, options, done)
    const { cluster, sessions, settings, transitions } = this.#options
    if (cluster.servesUnmeasured) transitions.once('startedWithoutPrimary')
    const follower = sessions.follower(session, query, route, statement)
    executor.reader.read(new RoutedRead(decision, options, settings, follower, this, done), done)
  }

  #write(decision: Decision, options: RunOptions, done: Done): void {
    const { ended, judgement, readiness, sessions, settings } = this.#options
    const { executor, journal, overlay, query, session, statement } = decision
    const { text, request, values } = query
    this.#ignoredHints.note(statement, request)
    sessions.noteSetting(statement)
    let schema = sessions.schema.number
    // Its keys are known when it is sent: until then the caller may change the values.
    let changes: Touched = statement.footprint.changes
    const sent = settings.sendOf(overlay, query, statement, options.send)
    // A SET in a session with settings applies to that statement only.
    const ofPool = overlay === undefined ? settings.ofPool(statement, values, sent) : sent
    const noted: Send = (client, answered) => {
      if (settings.hidden.has(client)) schema = NO_SCHEMA
      changes = changedBy(statement, query)
      if (statement === UNPARSED) settings.hidden.noteUnjudged(client, () => judgement.judge(text))
      else settings.noteObjects(client, statement)
      ofPool(client, answered)
    }
    const send = settings.under(journal, noted, false, options.acquire)
    const answered: Done = (error, result) => {
      const counts = statement.mayWrite && !(error && hasLeftNothing(error, statement))
      sessions.ranOnPrimary(session, statement, query, error, counts)
      if (counts) ended(writeBy(session, statement, changes, schema), text)
      if (statement === UNPARSED) readiness.answered()
      done(error, result)
    }
    this.#onceSeen(decision, done, () =>
      executor.writer.write(send, answered, customOf(decision), query.trace),
    )
  }

  /** Continues when the primary shows what the session has seen. */
  #onceSeen({ session }: Decision, done: Done, goOn: () => void): void {
    const seen = this.#options.sessions.proofs.seenOnPrimary(session)
    if (seen === undefined) goOn()
    else seen.then(goOn).catch((error: unknown) => done(asError(error)))
  }

  /**
   * Runs a statement once on the primary, as a possible write, after a standby has rejected it because it is a standby.
   */
  repair(node: NodeView, cause: Error, decision: Decision, options: RunOptions, done: Done): void {
    const { ended, judgement, sessions, settings, tell } = this.#options
    const { executor, journal = settings.pool.journal, overlay, query, session, statement } = decision
    const { text: sql = '' } = query
    const code: unknown = Reflect.get(cause, 'code')
    const isOfSetting = code === 'SWITCHYARD_SETTING_REFUSED'
    // The statement itself was not rejected.
    const isOfConnection = isOfSetting || code === 'SWITCHYARD_HOOK_REFUSED'
    if (isOfSetting && overlay === undefined) settings.refused(journal)
    if (isOfSetting) tell('settingRefused', { node: node.id, cause })
    if (!isOfConnection) tell('readRefused', { node: node.id, sql: normalised(sql), cause })
    const why = isOfSetting ? 'setting' : isOfConnection ? 'hook' : 'statement'
    this.#repaired(node, why, cause, decision)
    if (options.conversation !== undefined) return options.conversation.spilled(nothing, nothing)
    const sent = settings.sendOf(overlay, query, statement, options.send)
    const send = settings.under(decision.journal, sent, false, options.acquire)
    const answered: Done = (error, result) => {
      const shape = error || isOfConnection ? undefined : judgement.learn(sql)
      if (shape !== undefined) tell('shapeLearned', shape)
      if (isOfConnection) sessions.shown(session)
      else ended({ sessions: [session], catalogEffect: 'certain', changes: 'everything' })
      done(error, result)
    }
    this.#onceSeen(decision, done, () =>
      executor.writer.write(send, answered, customOf(decision), query.trace),
    )
  }
}
