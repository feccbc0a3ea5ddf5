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
  end(): Promise<void>
  stats(): { readonly nodes: readonly { readonly id: string }[] }
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly events: { on(name: string, listener: (event: never) => void): void }
}

export interface WorkloadParts {
  readonly pool: PoolLike
  readonly time: VirtualTime
  readonly history: History
  readonly outcomeOf: (error: unknown) => string | undefined
  readonly note: (line: string) => void
  readonly knownTimeline: () => number
}

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
      void this.#run(actor).then(() => (this.#running -= 1))
    }
  }

  async #run(actor: Actor): Promise<void> {
    const { history, pool, time } = this.#parts
    let session = actor.hasSession ? this.#newSession(actor.name) : undefined
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
        session = this.#newSession(actor.name, text)
        history.continued.set(session.name, { session: from, atMs })
      } else {
        const call = this.#begin(operation, actor.name, session?.name ?? 'pool')
        const act = (): Promise<void> => this.#act(action, call)
        await (session === undefined ? act() : session.state.run(act)).catch((error: Error) => {
          call.error = error
          call.outcome = this.#parts.outcomeOf(error)
        })
        this.#end(call)
      }
    }
  }

  #pause(forMs: number): Promise<void> {
    return new Promise((resolve) => void this.#parts.time.timer(forMs, resolve))
  }

  #newSession(actor: string, token?: string): { readonly name: string; readonly state: SessionLike } {
    this.#sessions += 1
    return { name: `${actor}${this.#sessions}`, state: this.#parts.pool.session({ token }) }
  }

  #begin(operation: Operation, actor: string, session: string): Call {
    const { history, knownTimeline, note, time } = this.#parts
    const call: Call = {
      operation,
      actor,
      session,
      beganMs: time.nowMs,
      promised: promiseOf(operation.action),
      endedMs: undefined,
      error: undefined,
      outcome: undefined,
      shown: [],
      isOfPrimary: isOfPrimary(operation.action),
      wrote: new Set(),
      sent: new Set(),
      isRolledBack: false,
      knownTimeline: knownTimeline(),
    }
    history.calls.push(call)
    note(`${session} begins ${operation.id}: ${describe(operation.action)}`)
    return call
  }

  #end(call: Call): void {
    const { note, time } = this.#parts
    call.endedMs = time.nowMs
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
    const { pool } = this.#parts
    switch (action.type) {
      case 'read':
      case 'read-all':
      case 'update':
      case 'lock':
        return this.#step(pool, action, call)
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
      case 'append': {
        const { id } = call.operation
        call.sent.add(keyOf('log', id))
        await pool.query({ text: APPEND, values: [id, id] })
        call.wrote.add(keyOf('log', id))
        return
      }
      case 'read-log': {
        const { rows } = await pool.query({ text: READ_LOG })
        call.shown.push(shownOf('log', rows))
        return
      }
      case 'transaction':
        return this.#transaction(action, call)
      case 'hand-over':
      case 'adopt':
        return
    }
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
      if (ends === 'rollback') throw rollback
    }
    const options = {
      ...(mode === 'read-only' ? { readOnly: true } : {}),
      ...(mode === 'optimistic' ? { optimistic: true } : {}),
      ...(isRepeatable ? { isolation: 'repeatable read' } : {}),
    }
    call.isRolledBack = ends === 'rollback'
    await this.#parts.pool.transaction(run, options).catch((error: unknown) => {
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
  if (action.type === 'transaction' && action.mode === 'plain') return 'nothing'
  return 'session'
}

function isOfPrimary(action: Action): boolean {
  return (
    ['strong', 'lock'].includes(action.type) || (action.type === 'transaction' && action.mode === 'plain')
  )
}

/** Says in words what an operation does. */
export function describe(action: Action): string {
  switch (action.type) {
    case 'read':
      return `read ${keyOf(action.table, action.row)}`
    case 'read-all':
      return `read all ${action.table}`
    case 'update':
    case 'returning':
      return `update ${keyOf(action.table, action.row)}`
    case 'lock':
      return `lock ${keyOf(action.table, action.row)}`
    case 'strong':
      return `read ${keyOf(action.table, action.row)} (strong)`
    case 'bounded':
      return `read ${keyOf(action.table, action.row)} (at most ${action.maxStalenessMs} ms old)`
    case 'append':
      return 'append to the log'
    case 'read-log':
      return 'read the log'
    case 'hand-over':
      return 'take a token'
    case 'adopt':
      return 'go on with a token'
    case 'transaction':
      return `${action.mode}${action.isRepeatable ? ' repeatable' : ''} transaction (${action.steps.map(describe).join(', ')}; ${action.ends})`
  }
}
