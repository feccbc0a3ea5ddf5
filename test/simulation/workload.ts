import { describe } from './describe.ts'
import type { Call, History, Promised, Shown } from './history.ts'
import type { Action, Actor, Operation, Step } from './plan.ts'
import { APPEND, keyOf, READ_LOG, sql, type Table } from './statements.ts'
import type { VirtualTime } from './virtual-time.ts'

type Rows = readonly Readonly<Record<string, unknown>>[]
interface Queryable {
  query(
    config: unknown,
  ): Promise<{ readonly rows: Rows; readonly rowCount: number | null; readonly command: string }>
}
interface SessionLike {
  run<T>(fn: () => T): T
  token(): Promise<string | undefined>
}
export interface PoolLike extends Queryable {
  session(options?: object): SessionLike
  transaction<T>(fn: (client: Queryable) => Promise<T>, options: object): Promise<T>
  connect(): Promise<Queryable & { release(error?: unknown): void }>
  ready(): Promise<void>
  setNodes(nodes: readonly object[]): void
  end(): Promise<void>
  stats(): { readonly nodes: readonly { readonly id: string }[] }
  readonly ending: boolean
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly events: { on(name: string, listener: (event: never) => void): void }
}

export interface CursorLike {
  read(rows: number): Promise<Rows>
  close(): Promise<void>
}

export interface WorkloadParts {
  /** The pool of each process. */
  readonly pools: readonly PoolLike[]
  readonly time: VirtualTime
  readonly history: History
  /** Creates a cursor as pg-cursor makes it. */
  readonly createCursor: (text: string) => CursorLike
  readonly outcomeOf: (error: unknown, process: number) => string | undefined
  readonly note: (line: string) => void
  /** Highest timeline whose primary a process has seen. */
  readonly knownTimeline: (process: number) => number
}

/** Rows that a cursor reads at once. */
const ROWS_AT_ONCE = 2

/** A token, with the session that it is from. */
interface Token {
  readonly text: string
  readonly session: string
  readonly atMs: number
}

/** Runs the operations of all callers. */
export class Workload {
  readonly #parts: WorkloadParts
  #token: Token | undefined
  #sessions = 0
  #running = 0

  constructor(parts: WorkloadParts) {
    this.#parts = parts
  }

  /** Number of callers that are not at the end. */
  get running(): number {
    return this.#running
  }

  start(actors: readonly Actor[]): void {
    for (const actor of actors) {
      this.#running += 1
      void this.#live(actor).then(() => (this.#running -= 1))
    }
  }

  async #live(actor: Actor): Promise<void> {
    const { history, time } = this.#parts
    const pool = this.#poolOf(actor)
    let session = actor.hasSession ? this.#newSession(actor) : undefined
    for (const operation of actor.operations) {
      await this.#pause(operation.pauseMs)
      const { action } = operation
      if (action.type === 'hand-over') {
        const name = session?.name ?? 'pool'
        const atMs = time.nowMs
        const state = session?.state ?? pool.session()
        const text = await state.token()
        if (text !== undefined && session !== undefined) this.#token = { text, session: name, atMs }
      } else if (action.type === 'adopt') {
        if (this.#token === undefined) continue
        const { atMs, session: from, text } = this.#token
        session = this.#newSession(actor, text)
        history.continued.set(session.name, { session: from, atMs })
      } else {
        const name = session?.name ?? 'pool'
        const act = (): Promise<void> =>
          action.type === 'client'
            ? this.#hold(action.operations, actor, name)
            : this.#run(operation, actor, name, (call) => this.#act(action, call))
        await (session === undefined ? act() : session.state.run(act))
      }
    }
  }

  /** Runs one operation, and records what becomes of it. */
  async #run(
    operation: Operation,
    actor: Actor,
    session: string,
    act: (call: Call) => Promise<void>,
  ): Promise<void> {
    const call = this.#begin(operation, actor, session)
    await act(call).catch((error: Error) => {
      call.error = error
      call.outcome = this.#parts.outcomeOf(error, actor.process)
    })
    this.#end(call)
  }

  /** Runs operations on one client. */
  async #hold(operations: readonly Operation[], actor: Actor, session: string): Promise<void> {
    const client = await this.#poolOf(actor).connect()
    for (const operation of operations) {
      await this.#pause(operation.pauseMs)
      const { action } = operation
      await this.#run(operation, actor, session, (call) => this.#statement(client, action, call))
    }
    client.release()
  }

  #pause(forMs: number): Promise<void> {
    return new Promise((resolve) => void this.#parts.time.timer(forMs, resolve))
  }

  #poolOf({ process }: Pick<Actor, 'process'>): PoolLike {
    return this.#parts.pools[process] as PoolLike
  }

  #newSession(actor: Actor, token?: string): { readonly name: string; readonly state: SessionLike } {
    this.#sessions += 1
    return { name: `${actor.name}${this.#sessions}`, state: this.#poolOf(actor).session({ token }) }
  }

  #begin(operation: Operation, { name: actor, process }: Actor, session: string): Call {
    const { history, note, time } = this.#parts
    const knownTimeline = this.#parts.knownTimeline(process)
    const call: Call = {
      operation,
      actor,
      process,
      session,
      beganMs: time.nowMs,
      promised: promiseOf(operation.action),
      endedMs: undefined,
      error: undefined,
      outcome: undefined,
      shown: [],
      wrote: new Set(),
      sent: new Set(),
      isRolledBack: false,
      knownTimeline,
      knownAtWrite: knownTimeline,
      knownAtEnd: knownTimeline,
    }
    history.calls.push(call)
    note(`${session} begins ${operation.id}: ${describe(operation.action)}`)
    return call
  }

  #end(call: Call): void {
    const { note, time } = this.#parts
    call.endedMs = time.nowMs
    call.knownAtEnd = this.#parts.knownTimeline(call.process)
    const { error, operation, outcome, session, shown, wrote } = call
    const code = error === undefined ? '' : String(Reflect.get(error, 'code') ?? error.message)
    const told = shown
      .map(({ rows }) => [...rows].map(([key, value]) => `${key}=${value}`).join(' '))
      .join(' | ')
    note(
      `${session} ends ${operation.id}${error === undefined ? '' : ` with ${code} (${outcome})`}${told === '' ? '' : `, shown ${told}`}${wrote.size === 0 ? '' : `, wrote ${[...wrote].join(' ')}`}`,
    )
  }

  async #act(action: Action, call: Call): Promise<void> {
    const pool = this.#poolOf(call)
    switch (action.type) {
      case 'read':
      case 'read-all':
      case 'update':
      case 'lock':
      case 'append':
      case 'read-log':
        return this.#statement(pool, action, call)
      case 'strong':
        return this.#read(
          pool,
          { text: sql.read(action.table), values: [action.row], consistency: 'strong' },
          call,
          action,
        )
      case 'bounded': {
        const { maxStalenessMs } = action
        return this.#read(
          pool,
          { text: sql.read(action.table), values: [action.row], maxStalenessMs },
          call,
          action,
        )
      }
      case 'returning': {
        const key = keyOf(action.table, action.row)
        call.sent.add(key)
        await pool.query({ text: sql.returning(action.table), values: [action.row, call.operation.id] })
        call.wrote.add(key)
        return
      }
      case 'cursor':
        return this.#fetch(action, call)
      case 'transaction':
        return action.mode === 'client' ? this.#beginAndCommit(action, call) : this.#transaction(action, call)
      case 'client':
      case 'hand-over':
      case 'adopt':
        return
    }
  }

  /** Runs an operation that is a single statement, on the pool or on a client. */
  async #statement(client: Queryable, action: Action, call: Call): Promise<void> {
    switch (action.type) {
      case 'read':
      case 'read-all':
      case 'update':
      case 'lock':
        return this.#step(client, action, call)
      case 'append': {
        const { id } = call.operation
        call.sent.add(keyOf('log', id))
        await client.query({ text: APPEND, values: [id, id] })
        call.wrote.add(keyOf('log', id))
        return
      }
      case 'read-log': {
        const { rows } = await client.query({ text: READ_LOG })
        call.shown.push(shownOf('log', rows))
        return
      }
      default:
        throw new Error(`${action.type} is not a single statement`)
    }
  }

  async #fetch({ table, thinkMs }: Extract<Action, { type: 'cursor' }>, call: Call): Promise<void> {
    const client = await this.#poolOf(call).connect()
    try {
      const cursor = this.#parts.createCursor(sql.readAll(table))
      void client.query(cursor)
      const rows: Rows[number][] = []
      for (;;) {
        const some = await cursor.read(ROWS_AT_ONCE)
        rows.push(...some)
        if (some.length < ROWS_AT_ONCE) break
        await this.#pause(thinkMs)
      }
      await cursor.close()
      call.shown.push(shownOf(table, rows))
    } catch (error) {
      client.release(error)
      throw error
    }
    client.release()
  }

  async #beginAndCommit(action: Extract<Action, { type: 'transaction' }>, call: Call): Promise<void> {
    const { ends, isRepeatable, steps, thinkMs } = action
    const wrote = new Set<string>()
    call.isRolledBack = ends === 'rollback'
    const client = await this.#poolOf(call).connect()
    try {
      await client.query({ text: isRepeatable ? 'BEGIN ISOLATION LEVEL REPEATABLE READ' : 'BEGIN' })
      for (const [index, step] of steps.entries()) {
        if (index > 0 && thinkMs > 0) await this.#pause(thinkMs)
        await this.#step(client, step, call, wrote)
      }
      call.knownAtWrite = this.#parts.knownTimeline(call.process)
      await client.query({ text: ends === 'commit' ? 'COMMIT' : 'ROLLBACK' })
    } catch (error) {
      client.release(error)
      throw error
    }
    client.release()
    if (!call.isRolledBack) for (const key of wrote) call.wrote.add(key)
  }

  async #transaction(action: Extract<Action, { type: 'transaction' }>, call: Call): Promise<void> {
    const { ends, isRepeatable, mode, steps, thinkMs } = action
    const rollback = new Error('rollback')
    const wrote = new Set<string>()
    const run = async (client: Queryable): Promise<void> => {
      // It may run more than once.
      call.shown.length = 0
      wrote.clear()
      for (const [index, step] of steps.entries()) {
        if (index > 0 && thinkMs > 0) await this.#pause(thinkMs)
        await this.#step(client, step, call, wrote)
      }
      call.knownAtWrite = this.#parts.knownTimeline(call.process)
      if (ends === 'rollback') throw rollback
    }
    const options = {
      ...(mode === 'read-only' ? { readOnly: true } : {}),
      ...(mode === 'optimistic' ? { optimistic: true } : {}),
      ...(isRepeatable ? { isolation: 'repeatable read' } : {}),
    }
    call.isRolledBack = ends === 'rollback'
    await this.#poolOf(call)
      .transaction(run, options)
      .catch((error: unknown) => {
        if (error !== rollback) throw error
      })
    if (!call.isRolledBack) for (const key of wrote) call.wrote.add(key)
  }

  async #step(client: Queryable, step: Step, call: Call, wrote: Set<string> = call.wrote): Promise<void> {
    switch (step.type) {
      case 'read':
        return this.#read(client, { text: sql.read(step.table), values: [step.row] }, call, step)
      case 'lock':
        return this.#read(client, { text: sql.lock(step.table), values: [step.row] }, call, step)
      case 'read-all': {
        const { rows } = await client.query({ text: sql.readAll(step.table) })
        call.shown.push(shownOf(step.table, rows))
        return
      }
      case 'update': {
        const key = keyOf(step.table, step.row)
        call.sent.add(key)
        await client.query({ text: sql.update(step.table), values: [step.row, call.operation.id] })
        wrote.add(key)
        return
      }
    }
  }

  async #read(
    client: Queryable,
    query: object,
    call: Call,
    { row, table }: { readonly row: number; readonly table: Table },
  ): Promise<void> {
    const { rows } = await client.query(query)
    const key = keyOf(table, row)
    call.shown.push({ covers: key, rows: new Map(rows.map(({ value }) => [key, String(value)])) })
  }
}

function shownOf(table: string, rows: Rows): Shown {
  return {
    covers: table,
    rows: new Map(rows.map(({ id, value }) => [keyOf(table, String(id)), String(value)])),
  }
}

function promiseOf(action: Action): Promised {
  if (action.type === 'strong') return 'everything'
  if (action.type === 'bounded') return 'bounded'
  if (action.type === 'lock') return 'nothing'
  // A plain transaction shows what the primary shows.
  if (action.type === 'transaction' && ['plain', 'client'].includes(action.mode)) return 'nothing'
  return 'session'
}
