import { outcomeOf, type Pool } from '../../../src/index.ts'
import type { Random } from '../../simulation/random.ts'
import { until } from '../../support/servers.ts'
import { toldBy } from '../ledger.ts'
import { pause } from '../timings.ts'
import { POOL_SESSION, type History, type Promised } from './history.ts'
import type { Story } from './story.ts'
import { ledgerKey, registerKey, REGISTERS } from './tables.ts'

/** Anything that runs a statement. */
export interface Queryable {
  query(query: {
    readonly text: string
    readonly name?: string
    readonly values?: unknown[]
    readonly consistency?: 'strong'
    readonly maxStalenessMs?: number
  }): Promise<{ readonly rows: Record<string, unknown>[]; readonly rowCount: number | null }>
}

/** A write that was sent, and is not judged yet. */
export interface Sent {
  readonly key: string
  readonly n: number
  readonly beganMs: number
  readonly port: number
}

/** Values that a read has shown, and when. */
export interface Shown {
  readonly beganMs: number
  readonly endedMs: number
  readonly values: ReadonlyMap<string, number>
}

/** Longest time of one call: the wait for a primary, the longest fault, and the answer. */
const LONGEST_CALL_MS = 60_000
const READ_ONE = 'select id, n from registers where id = $1'

export interface CallerParts {
  readonly pool: Pool
  readonly history: History
  readonly story: Story
  readonly random: Random
  readonly writer: number
  readonly callers: number
  /** Whether a pooler may lead a connection that is in use to a standby. */
  readonly isPooled: boolean
}

/** One caller: it sends statements, and records what it was told and shown. */
export class Caller {
  readonly pool: Pool
  readonly random: Random
  readonly history: History
  readonly #story: Story
  readonly #writer: number
  readonly #callers: number
  readonly #isPooled: boolean
  session: string = POOL_SESSION
  #n = 0
  #turns = 0

  constructor({ callers, history, isPooled, pool, random, story, writer }: CallerParts) {
    this.pool = pool
    this.random = random
    this.history = history
    this.#story = story
    this.#writer = writer
    this.#callers = callers
    this.#isPooled = isPooled
  }

  get name(): string {
    return `caller ${this.#writer}`
  }

  /** A step of its work has ended. */
  turned(): void {
    this.#turns += 1
  }

  /** Resolves when a step that began after now has ended. */
  hasTurned(): Promise<void> {
    const goal = this.#turns + 2
    return until(`${this.name} goes on`, () => this.#turns >= goal, 2 * LONGEST_CALL_MS)
  }

  /** Waits for a random time. */
  pause(mostMs: number): Promise<void> {
    return pause(this.random.between(0, mostMs))
  }

  /** A value that no write of this caller has had. */
  nextValue(): number {
    return (this.#n += 1)
  }

  ownRegister(): number {
    return this.#writer * REGISTERS + this.random.below(REGISTERS)
  }

  anyRegister(): number {
    return this.random.below(this.#callers * REGISTERS)
  }

  /**
   * Runs one call. Its failure is told, and breaks a promise where calls of this kind must not fail.
   *
   * @returns Whether it succeeded.
   */
  async call(kind: string, mayFail: (error: unknown) => boolean, fn: () => Promise<void>): Promise<boolean> {
    const beganMs = performance.now()
    this.history.count(kind)
    try {
      await fn()
      return true
    } catch (error) {
      const told = `${this.name} (${this.session}): ${kind} failed after ${(performance.now() - beganMs).toFixed(0)} ms: ${textOf(error)}`
      this.#story.tell(told)
      this.history.count(`${kind}, failed`)
      // A read is sent as a possible write, and not repeated, while the catalog of the primary is being loaded.
      const wasProven = outcomeOf(error) !== 'unknown'
      if (wasProven && !mayFail(error)) this.history.notice('no call of this kind fails', told)
      // A primary that becomes a standby ends its connections, and a new one must be refused.
      if (!this.#isPooled && codeOf(error) === '25006')
        this.history.notice('no standby is taken for the primary', told)
      // Immediate failures must not occupy the event loop.
      await new Promise((resolve) => setImmediate(resolve))
      return false
    } finally {
      const ms = performance.now() - beganMs
      if (ms > LONGEST_CALL_MS)
        this.history.notice('every call ends in time', `${this.name}: ${kind} took ${ms.toFixed(0)} ms`)
    }
  }

  async update(on: Queryable, id: number, n: number): Promise<Sent> {
    const sent = { key: registerKey(id), n, beganMs: performance.now() }
    // A former write, of which this caller was told nothing, may still be on its way.
    const text = `update registers set n = $2, past = past || $2::int where id = $1 and n < $2
      returning current_setting('port')::int as port`
    return this.#sent(on, text, [id, n], sent)
  }

  async append(on: Queryable, n: number): Promise<Sent> {
    const sent = { key: ledgerKey(this.#writer), n, beganMs: performance.now() }
    const text = `insert into ledger values ($1, $2) returning current_setting('port')::int as port`
    return this.#sent(on, text, [this.#writer, n], sent)
  }

  async #sent(on: Queryable, text: string, values: unknown[], sent: Omit<Sent, 'port'>): Promise<Sent> {
    try {
      const { rows } = await on.query({ text, values })
      if (rows.length !== 1) throw new WrongAnswer(`${rows.length} rows were written in place of 1`)
      return { ...sent, port: Number(rows[0]?.['port']) }
    } catch (error) {
      throw new LostWrite(sent, error)
    }
  }

  /** Runs one write in autocommit. */
  async write(kind: string, fn: () => Promise<Sent>): Promise<void> {
    const { session } = this
    await this.call(kind, hasOutcome, async () => {
      try {
        const sent = await fn()
        this.history.writes.push({ ...sent, session, endedMs: performance.now(), told: 'acknowledged' })
      } catch (error) {
        if (!(error instanceof LostWrite)) throw error
        const { cause, sent } = error
        this.history.writes.push({ ...sent, session, endedMs: performance.now(), told: toldBy(cause) })
        throw cause
      }
    })
  }

  async readRegister(on: Queryable, id: number, more: object = {}): Promise<Shown> {
    return this.#read(on, { text: READ_ONE, values: [id], ...more }, (rows) => {
      if (rows.length !== 1) throw new WrongAnswer(`${rows.length} rows in place of 1`)
      return new Map([[registerKey(id), Number(rows[0]?.['n'])]])
    })
  }

  async readRegisters(on: Queryable): Promise<Shown> {
    const count = this.#callers * REGISTERS
    return this.#read(on, { text: 'select id, n from registers order by id' }, (rows) => {
      if (rows.length !== count) throw new WrongAnswer(`${rows.length} rows in place of ${count}`)
      return new Map(rows.map(({ id, n }) => [registerKey(Number(id)), Number(n)]))
    })
  }

  async readLedger(on: Queryable): Promise<Shown> {
    const writer = this.random.chance(0.5) ? this.#writer : this.random.below(this.#callers)
    const text = 'select coalesce(max(n), 0) as n from ledger where writer = $1'
    const query = { text, values: [writer] }
    return this.#read(on, query, (rows) => new Map([[ledgerKey(writer), Number(rows[0]?.['n'])]]))
  }

  async #read(
    on: Queryable,
    query: Parameters<Queryable['query']>[0],
    valuesOf: (rows: Record<string, unknown>[]) => ReadonlyMap<string, number>,
  ): Promise<Shown> {
    const beganMs = performance.now()
    const { rows } = await on.query(query)
    return { beganMs, endedMs: performance.now(), values: valuesOf(rows) }
  }

  /** Records what a read has shown. */
  saw(
    { beganMs, endedMs, values }: Shown,
    promised: Promised,
    boundMs?: number,
    except: ReadonlySet<string> = new Set(),
  ): void {
    const shown = new Map([...values].filter(([key]) => !except.has(key)))
    this.history.reads.push({ session: this.session, beganMs, endedMs, promised, boundMs, shown })
  }
}

/** The error of a write, with the write. */
export class LostWrite extends Error {
  readonly sent: Omit<Sent, 'port'>

  constructor(sent: Omit<Sent, 'port'>, cause: unknown) {
    super('A write failed', { cause })
    this.sent = sent
  }
}

/** Whether an error says what became of a write: by an outcome, or as an answer of the server. */
export function hasOutcome(error: unknown): boolean {
  return outcomeOf(error) !== undefined || /^[0-9A-Z]{5}$/.test(codeOf(error))
}

/** Whether an error is one of a server or its connection, and not a wrong number of rows. */
export function isError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof WrongAnswer)
}

/** An answer that no server may give. */
export class WrongAnswer extends Error {}

export function codeOf(error: unknown): string {
  return error instanceof Error ? String(Reflect.get(error, 'code') ?? '') : ''
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const outcome = outcomeOf(error)
  const text = `${codeOf(error)} ${error.message.split('\n').join(' ')}`
  return outcome === undefined ? text : `${text} (${outcome})`
}
