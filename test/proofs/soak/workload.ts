import { once } from 'node:events'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { Client, type Pool } from '../../../src/index.ts'
import type { Random } from '../../simulation/random.ts'
import { ErrorsByText } from '../errors-by-text.ts'
import { isExpected } from './expected.ts'
import { ACCOUNTS, APP, TENANTS, type SoakGround } from './ground.ts'

const ITEMS = 'select id, name from items order by id'
/** Rows that the journal keeps, about. */
const JOURNAL = 5_000
/** Longest wait for a notification, which is lost with its connection. */
const HEARD_WITHIN_MS = 1_000

type Operation = (soaked: SoakGround, random: Random) => Promise<unknown>

/** Account of a caller's statement. */
const account = (random: Random): number => 1 + random.below(ACCOUNTS)

const add = (pool: Pick<Pool, 'query'>, random: Random): Promise<unknown> =>
  pool.query('update accounts set amount = amount + 1 where id = $1', [account(random)])

/** Checks that a statement fails with its own error. */
async function failing(run: Promise<unknown>, code: string): Promise<void> {
  try {
    await run
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === code) return
    throw error
  }
  throw new Error(`No error ${code}`)
}

const OPERATIONS = {
  read: ({ pool }, random) => pool.query('select amount from accounts where id = $1', [account(random)]),
  count: ({ pool }) => pool.query('select count(*), sum(amount) from accounts'),
  constants: ({ pool }, random) => pool.query(`select amount from accounts where id = ${account(random)}`),
  write: ({ pool }, random) => add(pool, random),
  journal: async ({ pool }, random) => {
    const { rows } = await pool.query<{ id: string }>(
      "insert into journal (account, note) values ($1, 'soaked') returning id",
      [account(random)],
    )
    await pool.query('delete from journal where id < $1', [Number(rows[0]?.id) - JOURNAL])
  },
  session: async ({ pool }, random) => {
    const token = await pool.withSession(async (session) => {
      await add(pool, random)
      await pool.query('select sum(amount) from accounts')
      return session.token()
    })
    await pool.withSession({ token }, () => pool.query('select amount from accounts where id = $1', [1]))
  },
  transaction: ({ pool }, random) =>
    pool.transaction(
      async (client) => {
        await add(client, random)
        await client.query('select pg_advisory_xact_lock($1)', [random.below(100)])
        await client.query("insert into journal (account, note) values (1, 'in a transaction')")
      },
      { retries: 3 },
    ),
  optimistic: ({ pool }, random) =>
    pool.transaction(
      async (client) => {
        const id = account(random)
        const { rows } = await client.query('select amount from accounts where id = $1', [id])
        await client.query('update accounts set amount = $2 where id = $1', [id, Number(rows[0]?.amount) + 1])
      },
      { optimistic: true, retries: 3 },
    ),
  'read-only transaction': ({ pool }) =>
    pool.transaction((client) => client.query('select sum(amount) from accounts'), { readOnly: true }),
  'rolled back': ({ pool }, random) =>
    failing(
      pool.transaction(async (client) => {
        await add(client, random)
        await client.query('select 1 / (amount - amount) from accounts where id = 1')
      }),
      '22012',
    ),
  cursor: async ({ pool }, random) => {
    const client = await pool.connect()
    try {
      const cursor = client.query(new Cursor(ITEMS))
      const isCutShort = random.chance(0.3)
      for (let rows = 1; rows > 0;) {
        rows = (await cursor.read(700)).length
        if (isCutShort) break
      }
      await cursor.close()
    } finally {
      client.release()
    }
  },
  stream: async ({ pool }, random) => {
    const stream = new QueryStream(ITEMS, [], { batchSize: 200 })
    // In spite of its type, this is a promise; the error is that of the stream, too.
    Promise.resolve<unknown>(pool.query(stream)).catch(() => {})
    const most = random.chance(0.3) ? 500 : Infinity
    let rows = 0
    for await (const _row of stream) if ((rows += 1) >= most) break
  },
  tenant: async ({ pool }, random) => {
    const tenant = 1 + random.below(TENANTS)
    const settings = { 'app.tenant': String(tenant) }
    await pool.withSession({ settings, role: 'tenant_user' }, async () => {
      const { rows } = await pool.query<{ tenant: number }>('select tenant from kept')
      if (rows.length !== 3 || rows.some((row) => row.tenant !== tenant)) throw new Error('Rows of others')
    })
  },
  listener: async ({ pool }, random) => {
    const channel = `channel_${random.below(50)}`
    const client = await pool.connect()
    try {
      await client.query(`listen ${channel}`)
      const heard = once(client, 'notification', { signal: AbortSignal.timeout(HEARD_WITHIN_MS) })
      heard.catch(() => {})
      await pool.query('select pg_notify($1, $2)', [channel, 'soaked'])
      await heard.catch(() => {})
      await client.query('unlisten *')
    } finally {
      client.release()
    }
  },
  'state of a client': async ({ pool }, random) => {
    const client = await pool.connect()
    try {
      await client.query(`set work_mem = '${1 + random.below(8)}MB'`)
      await client.query('create temporary table mine (a int)')
      await client.query('select count(*) from mine, accounts')
    } finally {
      client.release(random.chance(0.1))
    }
  },
  tier: ({ pool }) => pool.tier('batch').query('select count(*) from journal'),
  'wrong statements': async ({ pool }) => {
    await failing(pool.query('select 1 / (amount - amount) from accounts'), '22012')
    await failing(pool.query('selec 1'), '42601')
  },
  'timed out': ({ pool }) =>
    failing(
      pool.transaction(async (client) => {
        await client.query('set local statement_timeout = 20')
        await client.query('select pg_sleep(2)')
      }),
      '57014',
    ),
  explained: ({ pool }) => pool.explain('select count(*) from accounts'),
  'pool of its own': async (soaked, random) => {
    const pool = soaked.open({ max: 1, lifecycle: random.chance(0.5) ? 'suspending' : 'continuous' })
    pool.events.on('connectionReturned', () => {})
    try {
      await pool.query('select 1')
      await add(pool, random)
      await pool.query('select amount from accounts where id = $1', [1])
    } finally {
      await pool.end()
    }
  },
  'client of its own': async ({ cluster }, random) => {
    const { host, port } = cluster.primary.config
    const client = new Client({ ...APP, host, port })
    client.on('error', () => {})
    await client.connect()
    try {
      await client.query('select amount from accounts where id = $1', [account(random)])
    } finally {
      await client.end()
    }
  },
} satisfies Record<string, Operation>

/** Shares of the operations. Absent: 4. */
const WEIGHTS: Readonly<Record<keyof typeof OPERATIONS, number>> = {
  read: 20,
  count: 6,
  constants: 8,
  write: 12,
  journal: 4,
  session: 8,
  transaction: 5,
  optimistic: 5,
  'read-only transaction': 4,
  'rolled back': 2,
  cursor: 3,
  stream: 3,
  tenant: 6,
  listener: 1,
  'state of a client': 2,
  tier: 3,
  'wrong statements': 2,
  'timed out': 0.2,
  explained: 1,
  'pool of its own': 0.3,
  'client of its own': 0.5,
}

/** Callers that come and go. */
export class SoakWorkload {
  readonly #ground: SoakGround
  readonly #random: Random
  readonly #callers: number
  readonly done: Map<string, number> = new Map<string, number>()
  readonly expected: ErrorsByText = new ErrorsByText()
  readonly unexpected: ErrorsByText = new ErrorsByText()

  constructor(ground: SoakGround, random: Random, callers: number) {
    this.#ground = ground
    this.#random = random
    this.#callers = callers
  }

  /** Lets all callers run for a time. Resolves when each has ended its last call. */
  async run(ms: number): Promise<void> {
    const untilMs = performance.now() + ms
    await Promise.all(Array.from({ length: this.#callers }, () => this.#call(untilMs)))
  }

  async #call(untilMs: number): Promise<void> {
    while (performance.now() < untilMs) {
      const name = this.#random.weighted(WEIGHTS)
      try {
        await OPERATIONS[name](this.#ground, this.#random)
        this.done.set(name, (this.done.get(name) ?? 0) + 1)
      } catch (error) {
        if (isExpected(error, name === 'cursor' || name === 'stream')) this.expected.add(kindOf(error))
        else this.unexpected.add(`${name}: ${kindOf(error)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, this.#random.below(10)))
    }
  }
}

/** Without names and numbers, so that there are few kinds. */
function kindOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  const text = error instanceof Error ? error.message.split('\n')[0] : String(error)
  return `${typeof code === 'string' ? code : ''} ${String(text).replace(/[\w.-]+\.soak\S*|\d+/g, '…')}`.trim()
}
