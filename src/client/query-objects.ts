import type { PoolClient, Submittable } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import { asError } from '../errors/as-error.ts'
import type { Heard } from '../execution/conversation.ts'
import type { Decision, Hold, Holder } from '../execution/decision.ts'
import type { Done } from '../execution/execution.ts'
import { Query } from '../nodes/query.ts'
import type { Acquire } from '../settings/acquire.ts'
import { synchronizes } from '../statement/shows-data.ts'
import type { Statement } from '../statement/statement.ts'
import type { ClientEvents } from './client-events.ts'
import type { RouterPort } from './router-port.ts'
import type { PrimaryHold } from './primary-hold.ts'
import { textOf } from './query-arguments.ts'
import { ReplicaStream } from './replica-stream.ts'
import { trafficOf, waitsForProgram } from './released-watch.ts'
import type { ReplicaTransaction } from './replica-transaction.ts'
import { failSubmission, isUnwanted, sendSubmission, type Submission } from './submission.ts'

export interface QueryObjectsOptions {
  readonly router: RouterPort
  readonly events: ClientEvents
  readonly primary: PrimaryHold
  /** The tier of its requests. */
  readonly tier: string | undefined
  readonly holder: Holder
  /** The read-only transaction that the client is in, if it runs on a replica. */
  readonly transaction: () => ReplicaTransaction | undefined
  /** Runs `acquire` listeners on each connection that is used. */
  readonly acquire: () => Acquire | undefined
}

/**
 * Runs the query objects of one client, one at a time: cursors and streams where a read may go, the others on the
 * primary.
 */
export class QueryObjects implements Holder {
  readonly #options: QueryObjectsOptions
  #stream: ReplicaStream | undefined
  #running: Submission | undefined

  constructor(options: QueryObjectsOptions) {
    this.#options = options
  }

  /**
   * How much was sent and received over the connection of the running object, if that waits for the program; else
   * `undefined`. The objects of `pool.query()` do not count: their client is no program's.
   */
  get waitsAt(): number | undefined {
    const running = this.#running
    if (running === undefined || running.over !== undefined || !waitsForProgram(running)) return undefined
    const { primary, transaction } = this.#options
    const client = this.#stream?.client ?? transaction()?.client ?? primary.held?.client
    return client === undefined ? undefined : trafficOf(client)
  }

  /** Runs one, and calls `next` when the client is free again. */
  submit(submission: Submission, session: MutableSession, next: () => void): void {
    if (isUnwanted(submission)) return next()
    this.#running = submission
    this.#traced(submission, session, () => {
      this.#running = undefined
      next()
    })
  }

  #traced(submission: Submission, session: MutableSession, next: () => void): void {
    const { router, tier } = this.#options
    const query = Query.sentOtherwise(textOf(submission.submittable)).inTier(tier)
    if (!router.tracer.isOn) return this.#run(submission, query, session, next)
    const over: Done = () => next()
    router.tracer.run(query, over, (ended) => {
      const failure = failureOf(submission.submittable)
      this.#run(submission, query, session, () => ended(failure()))
    })
  }

  #run(submission: Submission, query: Query, session: MutableSession, next: () => void): void {
    const failed = (error: unknown): void => {
      failSubmission(submission, asError(error))
      next()
    }
    try {
      const decided = this.#decide(query, session)
      if (!(decided instanceof Promise)) return this.#follow(decided, submission, next)
      decided.then((decision) => this.#follow(decision, submission, next)).catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  /** Ends what runs on a replica, with an error. */
  abort(): void {
    this.#stream?.abort()
  }

  #decide(query: Query, session: MutableSession): Decision | Promise<Decision> {
    const { primary, router } = this.#options
    return router.decider.decide(query, session, primary.settings.journal, this)
  }

  /** Holds every query object of a bound client: its values are not seen, and may name a temporary object. */
  holds(statement: Statement, query: Query): Hold | undefined {
    const { holder, primary } = this.#options
    const hold = holder.holds(statement, query)
    if (hold !== undefined || !primary.isBound) return hold
    return { role: 'primary', reason: 'pinned', node: primary.held?.node }
  }

  #follow(decision: Decision, submission: Submission, next: () => void): void {
    if (isUnwanted(submission)) return next()
    const { query, runs, session, statement } = decision
    const open = this.#options.transaction()
    if (open !== undefined) {
      const reason = open.movesForObject(statement, query, session)
      if (reason === undefined) return open.submit(statement, submission, session, next)
      const failed: Done = (error) => failSubmission(submission, asError(error))
      const goOn = (): void => this.#onPrimary(decision, submission, next)
      return open.move({ reason, session, statement }, goOn, failed, next)
    }
    if (runs === 'read' && submission.run !== undefined) this.#startStream(decision, submission, next)
    else this.#onPrimary(decision, submission, next)
  }

  #onPrimary(
    { query, session, statement }: Decision,
    submission: Submission,
    next: () => void,
    heard?: Heard,
  ): void {
    const { primary, router } = this.#options
    const locks = synchronizes(statement)
    let isHanded = false
    primary.run(
      {
        statement,
        query,
        session,
        send: (client, done) => {
          isHanded = true
          // Rows may be read, and followed by another read, long before the end; and each may have been waited for.
          sendSubmission(submission, client, done, () => {
            if (locks) router.sessions.synchronized()
            router.sessions.shown(session)
          })
        },
        // Once it is handed over it hears the server by itself.
        done: (error) => {
          heard?.(error || undefined)
          if (error && !isHanded) failSubmission(submission, error)
        },
        mayMove: false,
      },
      next,
    )
  }

  /** A proven read that is answered bit by bit has a replica's connection until its end. */
  #startStream(decision: Decision, submission: Submission, next: () => void): void {
    const { acquire, events, primary, router } = this.#options
    const { query, session } = decision
    const { run } = submission
    if (run === undefined) return next()
    let decided: Decision | undefined = decision
    this.#stream = new ReplicaStream({
      run,
      read: (send, conversation, failed) => {
        const read = (current: Decision): void =>
          router.dispatcher.run(current, { acquire: acquire(), conversation, send }, failed)
        const first = decided
        decided = undefined
        if (first !== undefined) return read(first)
        // Its node has failed before the first row. The position that the session must see, and the nodes that show it,
        // may have changed since.
        Promise.resolve(this.#decide(query, session))
          .then(read)
          .catch((error: unknown) => failed(asError(error)))
      },
      onPrimary: (leave, heard) => {
        this.#stream = undefined
        primary.takePlace(leave)
        this.#onPrimary(decision, submission, next, heard)
      },
      sent: (client) => events.follow(client),
      held: ({ client, node }) => {
        router.counters.readAnswered(node)
        router.sessions.saw(session, node)
        events.from(client)
      },
      left: (client: PoolClient) => events.stop(client),
      nodeFailed: ({ node }, error) => router.cluster.suspect(node.id, error),
      ended: () => {
        this.#stream = undefined
        next()
      },
    })
    this.#stream.start()
  }
}

/** Notes the error of a query object from now on. Returns a function that returns it. */
function failureOf(submittable: Submittable): () => Error | undefined {
  let failure: Error | undefined
  const handler: unknown = Reflect.get(submittable, 'handleError')
  if (typeof handler !== 'function') return () => undefined
  const noting = function (this: unknown, ...args: readonly unknown[]): unknown {
    failure = asError(args[0])
    return Reflect.apply(handler, this, args)
  }
  Object.defineProperty(submittable, 'handleError', { value: noting, configurable: true, writable: true })
  return () => failure
}
