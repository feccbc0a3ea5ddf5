import { Caller, codeOf, WrongAnswer, type CallerParts } from './caller.ts'
import { POOL_SESSION } from './history.ts'
import { readInParts } from './streams.ts'
import { readOnlyTransaction, transactionByHand, writingTransaction } from './transactions.ts'

/** Share of each operation of a caller. */
const WEIGHTS = {
  read: 24,
  'read own': 14,
  'read all': 8,
  'read ledger': 10,
  'named read': 6,
  'strong read': 3,
  'bounded read': 4,
  'sorted read': 2,
  update: 12,
  append: 10,
  transaction: 4,
  'optimistic transaction': 4,
  'transaction by hand': 4,
  'read-only transaction': 4,
  cursor: 3,
  stream: 3,
} as const
type Operation = keyof typeof WEIGHTS

const BOUND_MS = 3_000
/** More than `work_mem`: the server writes temporary files. */
const SORTED = `select count(*)::int as n from
  (select md5(g::text) from generate_series(1, 4000) g order by 1 offset 0) sorted`

const never = (): boolean => false
/**
 * Errors of a name that a caller has given, as with node-postgres: the type of a column has changed since it was
 * prepared, or a pooler has led to another connection.
 */
const isOfName = (error: unknown): boolean => ['0A000', '26000', '42P05'].includes(codeOf(error))

/** Callers that read and write until they are told to stop. Every fourth one has no session of its own. */
export class Workload {
  readonly #callers: readonly Caller[]
  readonly #running: Promise<unknown>
  #isOver = false

  constructor(parts: Omit<CallerParts, 'writer'>) {
    this.#callers = Array.from(
      { length: parts.callers },
      (_, writer) => new Caller({ ...parts, random: parts.random.fork(`caller ${writer}`), writer }),
    )
    this.#running = Promise.all(
      this.#callers.map((caller, index) => (index % 4 === 3 ? this.#outside(caller) : this.#visits(caller))),
    )
  }

  /** Resolves when every call has ended. */
  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
  }

  /** Waits until each caller has ended a call that began after now. */
  async isAlive(): Promise<void> {
    await Promise.all(this.#callers.map((caller) => caller.hasTurned()))
  }

  async #outside(caller: Caller): Promise<void> {
    while (!this.#isOver) await step(caller)
  }

  async #visits(caller: Caller): Promise<void> {
    let token: string | undefined
    for (let visit = 1; !this.#isOver; visit++) {
      const from = caller.session
      caller.session = `${caller.name}, visit ${visit}`
      if (token !== undefined) caller.history.continued.set(caller.session, from)
      token = await caller.pool.withSession(token === undefined ? {} : { token }, async (session) => {
        const steps = 3 + caller.random.below(10)
        for (let i = 0; i < steps && !this.#isOver; i++) await step(caller)
        return caller.random.chance(0.3) ? session.token() : undefined
      })
    }
    caller.session = POOL_SESSION
  }
}

async function step(caller: Caller): Promise<void> {
  const operation = caller.random.weighted(WEIGHTS)
  await run(caller, operation)
  caller.turned()
  await caller.pause(40)
}

async function run(caller: Caller, operation: Operation): Promise<void> {
  const { pool } = caller
  switch (operation) {
    case 'read':
    case 'read own': {
      const id = operation === 'read' ? caller.anyRegister() : caller.ownRegister()
      await caller.call(operation, never, async () =>
        caller.saw(await caller.readRegister(pool, id), 'session'),
      )
      return
    }
    case 'read all':
      await caller.call(operation, never, async () => caller.saw(await caller.readRegisters(pool), 'session'))
      return
    case 'read ledger':
      await caller.call(operation, never, async () => caller.saw(await caller.readLedger(pool), 'session'))
      return
    case 'named read': {
      const id = caller.anyRegister()
      await caller.call(operation, isOfName, async () =>
        caller.saw(await caller.readRegister(pool, id, { name: 'by id' }), 'session'),
      )
      return
    }
    case 'strong read': {
      const id = caller.anyRegister()
      await caller.call(operation, never, async () =>
        caller.saw(await caller.readRegister(pool, id, { consistency: 'strong' }), 'everything'),
      )
      return
    }
    case 'bounded read': {
      const id = caller.anyRegister()
      await caller.call(operation, never, async () =>
        caller.saw(await caller.readRegister(pool, id, { maxStalenessMs: BOUND_MS }), 'bounded', BOUND_MS),
      )
      return
    }
    case 'sorted read':
      await caller.call(operation, never, async () => {
        const { rows } = await pool.query<{ n: number }>(SORTED)
        if (rows[0]?.n !== 4000) throw new WrongAnswer(`${rows[0]?.n} rows in place of 4000`)
      })
      return
    case 'update': {
      const [id, n] = [caller.ownRegister(), caller.nextValue()]
      await caller.write(operation, () => caller.update(pool, id, n))
      return
    }
    case 'append': {
      const n = caller.nextValue()
      await caller.write(operation, () => caller.append(pool, n))
      return
    }
    case 'transaction':
      return writingTransaction(caller, false)
    case 'optimistic transaction':
      return writingTransaction(caller, true)
    case 'transaction by hand':
      return transactionByHand(caller)
    case 'read-only transaction':
      return readOnlyTransaction(caller)
    case 'cursor':
    case 'stream':
      return readInParts(caller, operation)
  }
}
