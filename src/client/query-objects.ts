import type { PoolClient } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import { asError } from '../errors/as-error.ts'
import type { Heard } from '../execution/conversation.ts'
import type { Acquire } from '../settings/acquire.ts'
import { synchronizes } from '../statement/shows-data.ts'
import type { Statement } from '../statement/statement.ts'
import type { ClientEvents } from './client-events.ts'
import type { RouterPort } from './router-port.ts'
import type { PrimaryHold } from './primary-hold.ts'
import { textOf } from './query-arguments.ts'
import { ReplicaStream } from './replica-stream.ts'
import type { ReplicaTransaction } from './replica-transaction.ts'
import { failSubmission, isUnwanted, sendSubmission, type Submission } from './submission.ts'
import type { ClientKind } from './client-kind.ts'

export interface QueryObjectsOptions {
  readonly router: RouterPort
  readonly events: ClientEvents
  readonly primary: PrimaryHold
  readonly kind: ClientKind
  /** The read-only transaction that the client is in, if it runs on a replica. */
  readonly transaction: () => ReplicaTransaction | undefined
  /** Runs `acquire` listeners on each connection that is used. */
  readonly acquire: () => Acquire | undefined
}

/** Runs the query objects of one client, one at a time: cursors and streams where a read may go, the others on the primary. */
export class QueryObjects {
  readonly #options: QueryObjectsOptions
  #stream: ReplicaStream | undefined

  constructor(options: QueryObjectsOptions) {
    this.#options = options
  }

  /** Runs one, and calls `next` when the client is free again. */
  submit(submission: Submission, session: MutableSession, next: () => void): void {
    const { kind, router, primary, transaction } = this.#options
    if (isUnwanted(submission)) return next()
    if (!router.isReady) {
      const failed = (error: unknown): void => {
        failSubmission(submission, asError(error))
        next()
      }
      router.prepare().then(() => this.submit(submission, session, next), failed)
      return
    }
    const open = transaction()
    if (open !== undefined) return open.submit(submission, session, next)
    const statement = router.judge(textOf(submission.submittable))
    const isFree = !primary.isBound && !kind.primaryOnly
    if (isFree && statement.kind === 'read' && submission.run !== undefined) {
      return this.#startStream(submission, statement, session, next)
    }
    this.#onPrimary(submission, statement, session, next)
  }

  /** Ends what runs on a replica, with an error. */
  abort(): void {
    this.#stream?.abort()
  }

  #onPrimary(
    submission: Submission,
    statement: Statement,
    session: MutableSession,
    next: () => void,
    heard?: Heard,
  ): void {
    const { primary, router } = this.#options
    const text = textOf(submission.submittable)
    const locks = synchronizes(statement, text)
    let isHanded = false
    primary.run(
      {
        statement,
        text,
        values: [],
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
  #startStream(
    submission: Submission,
    statement: Statement,
    session: MutableSession,
    next: () => void,
  ): void {
    const { acquire, events, kind, router, primary } = this.#options
    const { run, submittable } = submission
    if (run === undefined) return next()
    const sql = textOf(submittable)
    const { journal } = primary.settings
    const request = kind.tier === undefined ? {} : { tier: kind.tier }
    const query = { sql, values: [], request, session, canPipeline: false, journal }
    this.#stream = new ReplicaStream({
      run,
      read: (send, conversation, failed) =>
        router.run({ ...query, send, conversation, acquire: acquire() }, failed),
      onPrimary: (leave, heard) => {
        this.#stream = undefined
        primary.takePlace(leave)
        this.#onPrimary(submission, statement, session, next, heard)
      },
      sent: (client) => events.follow(client),
      held: ({ client, node }) => {
        router.answered(node)
        router.saw(session, node)
        events.from(client)
      },
      left: (client: PoolClient) => events.stop(client),
      nodeFailed: ({ node }, error) => router.nodeFailed(node, error),
      ended: () => {
        this.#stream = undefined
        next()
      },
    })
    this.#stream.start()
  }
}
