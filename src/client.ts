import { EventEmitter } from 'node:events'
import { escapeIdentifier, escapeLiteral } from 'pg'
import type { Submittable, TransactionStatus } from 'pg'
import type { MutableSession } from './consistency/session.ts'
import { isBroken, runExclusively } from './execution/exclusive.ts'
import type { Done } from './execution/executor.ts'
import { inThisContext } from './platform/async-context.ts'
import { isSubmittable, normalizeQuery, promised, type NormalizedQuery } from './query-arguments.ts'
import type { PrimaryLease, Router, Write } from './router.ts'
import { changesCatalog } from './statement/changes-catalog.ts'
import type { Statement } from './statement/statement.ts'

/** Something to do when everything before it is finished. Calls `next` when it is finished itself. */
type Task = (next: () => void) => void

const FORWARDED_EVENTS = ['notice', 'notification', 'end'] as const
type ForwardedEvent = (typeof FORWARDED_EVENTS)[number]

/**
 * What `pool.connect()` hands out: a client that routes each statement by itself. It borrows a connection to the primary
 * when a statement first needs one and keeps it until `release()`. In a transaction, and once it holds state of its
 * connection, everything runs there; a proven read outside of that goes to a replica.
 *
 * Statements run one after the other, in the order of the calls: each is decided when the one before is finished.
 */
export class RoutedClient extends EventEmitter {
  readonly #router: Router
  readonly #tasks: Task[] = []
  readonly #forward: Readonly<Record<ForwardedEvent | 'error', (argument: unknown) => void>> = {
    notice: (notice) => this.emit('notice', notice),
    notification: (notification) => this.emit('notification', notification),
    end: () => this.emit('end'),
    // The statement that runs gets the error as well; nobody has to listen here.
    error: (error) => this.listenerCount('error') > 0 && this.emit('error', error),
  }
  #isBusy = false
  #lease: PrimaryLease | undefined
  #isInTransaction = false
  /** Holds state of its connection that cannot be had elsewhere. */
  #isPinned = false
  /** What is to be told of, once it is committed or can no longer be watched. */
  #write: Write | undefined
  #released: { readonly error: Error | boolean | undefined } | undefined

  constructor(router: Router) {
    super()
    this.#router = router
  }

  /** As in node-postgres: text or config, values, callback; or a Submittable, which is returned at once. */
  query(config: unknown, values?: unknown, callback?: unknown): unknown {
    if (config === null || config === undefined) {
      throw new TypeError('Client was passed a null or undefined query')
    }
    if (this.#released !== undefined) throw new Error('Client was closed and is not queryable')
    const session = this.#router.sessions.current()
    if (isSubmittable(config)) {
      this.#add((next) => this.#submit(config, session, next))
      return config
    }
    const given = typeof values === 'function' ? values : (callback ?? callbackOf(config))
    const query = normalizeQuery(config, typeof values === 'function' ? undefined : values)
    const start = (done: Done): void => this.#add((next) => this.#run(query, session, done, next))
    if (given === undefined) return promised(start)
    if (typeof given !== 'function') throw new TypeError('callback is not a function')
    start(inThisContext(given as Done))
    return undefined
  }

  /** Gives everything back. With an error or `true` the connection that was borrowed is closed instead of reused. */
  readonly release = (error?: Error | boolean): void => {
    if (this.#released !== undefined) {
      throw new Error('Release called on client which has already been released to the pool.')
    }
    this.#released = { error }
    if (!this.#isBusy) this.#giveBack()
  }

  escapeIdentifier(text: string): string {
    return escapeIdentifier(text)
  }

  escapeLiteral(text: string): string {
    return escapeLiteral(text)
  }

  /** Of the borrowed connection; `I` while none is borrowed, since then there is no transaction. */
  getTransactionStatus(): TransactionStatus {
    return this.#lease === undefined ? 'I' : this.#lease.client.getTransactionStatus()
  }

  /** Backend process of the borrowed connection; `null` while none is borrowed. */
  get processID(): number | null {
    const client: object | undefined = this.#lease?.client
    return client !== undefined && 'processID' in client ? Number(client.processID) : null
  }

  #add(task: Task): void {
    this.#tasks.push(task)
    if (!this.#isBusy) this.#next()
  }

  readonly #next = (): void => {
    const task = this.#tasks.shift()
    this.#isBusy = task !== undefined
    if (task !== undefined) task(this.#next)
    else if (this.#released !== undefined) this.#giveBack()
  }

  #run(query: NormalizedQuery, session: MutableSession, done: Done, next: () => void): void {
    if (!this.#router.isReady) {
      const failed = (error: Error): void => {
        done(error)
        next()
      }
      this.#router.prepare().then(() => this.#run(query, session, done, next), failed)
      return
    }
    const statement = this.#router.judge(query.text)
    const isBound = this.#isInTransaction || this.#isPinned
    if (!isBound && statement.kind === 'read') {
      const route = this.#router.route(statement, session, query.request)
      if (route.role === 'replica' || this.#lease === undefined) {
        const routed = { sql: query.text, request: query.request, session, send: query.send }
        this.#router.run(routed, (error, result) => {
          done(error, result)
          next()
        })
        return
      }
    }
    this.#borrow((error, lease) => {
      if (lease !== undefined) return this.#runOn(lease, statement, query, session, done, next)
      done(error)
      next()
    })
  }

  /** Runs a statement over the borrowed connection, and learns from the server whether a transaction is open. */
  #runOn(
    lease: PrimaryLease,
    statement: Statement,
    query: NormalizedQuery,
    session: MutableSession,
    done: Done,
    next: () => void,
  ): void {
    this.#router.count(lease.node, statement)
    if (statement.leavesSessionState) this.#isPinned = true
    // Transaction control by itself writes nothing: a commit counts for what was written before it.
    const controls = this.#isInTransaction && statement.kind === 'transaction' && !statement.multiple
    if (statement.mayWrite && !controls) {
      this.#write = {
        session,
        changesCatalog: changesCatalog(statement) || this.#write?.changesCatalog === true,
      }
    }
    const rollsBack = controls && statement.reason === 'rollback'

    const answered: Done = (error, result) => {
      // Before the caller hears of it: the next thing that it does may be to read.
      this.#observe(lease, rollsBack && !error)
      done(error, result)
    }
    runExclusively(lease.client, query.send, answered, () => {
      this.#observe(lease, false)
      if (!this.#isInTransaction) this.#write = undefined
      if (isBroken(lease.client) && !this.#isInTransaction && !this.#isPinned) this.#drop(lease, true)
      next()
    })
  }

  /** Learns from the server whether a transaction is open; when none is, what was written is written. */
  #observe({ client }: PrimaryLease, rolledBack: boolean): void {
    const wasInTransaction = this.#isInTransaction
    this.#isInTransaction = client.getTransactionStatus() !== 'I'
    if (this.#isInTransaction && !isBroken(client)) return
    if (rolledBack && wasInTransaction) this.#write = undefined
    this.#tell()
  }

  /** Hands the connection to a query object. It may use it for as long as it likes, so the client stays on it. */
  #submit(submittable: Submittable, session: MutableSession, next: () => void): void {
    this.#borrow((error, lease) => {
      if (lease === undefined) {
        fail(submittable, error)
      } else {
        this.#isPinned = true
        this.#write = { session, changesCatalog: false }
        this.#tell()
        lease.client.query(submittable)
      }
      next()
    })
  }

  #borrow(done: (error: Error | undefined, lease?: PrimaryLease) => void): void {
    if (this.#lease !== undefined) return done(undefined, this.#lease)
    this.#router.leasePrimary((error, lease) => {
      if (lease === undefined) return done(error)
      this.#lease = lease
      for (const event of FORWARDED_EVENTS) lease.client.on(event, this.#forward[event])
      lease.client.on('error', this.#forward.error)
      done(undefined, lease)
    })
  }

  #giveBack(): void {
    this.#tell()
    if (this.#lease !== undefined) this.#drop(this.#lease, this.#released?.error)
  }

  #drop(lease: PrimaryLease, error: Error | boolean | undefined): void {
    this.#lease = undefined
    for (const event of FORWARDED_EVENTS) lease.client.removeListener(event, this.#forward[event])
    lease.client.removeListener('error', this.#forward.error)
    lease.client.release(error)
  }

  #tell(): void {
    if (this.#write !== undefined) this.#router.ended(this.#write)
  }
}

function callbackOf(config: unknown): unknown {
  return typeof config === 'object' && config !== null && 'callback' in config ? config.callback : undefined
}

/** Tells a query object that it will never run. */
function fail(submittable: Submittable, error: Error | undefined): void {
  const { handleError } = submittable as {
    handleError?: (error: Error | undefined, connection: object) => void
  }
  handleError?.call(submittable, error, {})
}
