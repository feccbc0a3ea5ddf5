import pg from 'pg'
import Cursor from 'pg-cursor'
import { expectTypeOf } from 'vitest'
import module, {
  wrapPg,
  Pool,
  type ClientBase,
  type PoolClient,
  type PoolConfig,
  type QueryResult,
  type QueryResultRow,
} from '../../src/index.ts'
import * as names from '../../src/index.ts'

// Checked by the compiler, never run: what code that was written for node-postgres takes for granted.

interface User {
  id: number
  name: string
}

export function aPoolIsAPgPool(pool: Pool): void {
  expectTypeOf(pool).toExtend<pg.Pool>()
  expectTypeOf(Pool).toExtend<new (options?: pg.PoolConfig) => pg.Pool>()
  expectTypeOf<pg.PoolConfig>().toExtend<ConstructorParameters<typeof Pool>[0]>()
  const takesPgPool = (given: pg.Pool): pg.Pool => given
  takesPgPool(pool)
  // @ts-expect-error a plain pg.Pool lacks what a routed pool has
  const routed: Pool = new pg.Pool()
  void routed
}

export async function rowsAreTyped(pool: Pool): Promise<void> {
  expectTypeOf((await pool.query<User>('SELECT')).rows).toEqualTypeOf<User[]>()
  expectTypeOf((await pool.query<User>('SELECT', [1])).rows).toEqualTypeOf<User[]>()
  expectTypeOf((await pool.query<User>({ text: 'SELECT', values: [1], name: 'n' })).rows).toEqualTypeOf<
    User[]
  >()
  expectTypeOf((await pool.query<[number]>({ text: 'SELECT', rowMode: 'array' })).rows).toEqualTypeOf<
    [number][]
  >()
  expectTypeOf((await pool.query('SELECT')).rows[0]).toBeAny()
  // @ts-expect-error there is no such column
  void (await pool.query<User>('SELECT')).rows[0]?.nmae
}

export function callbacksAreTyped(pool: Pool): void {
  expectTypeOf(
    pool.query<User>('SELECT', (error, result) => {
      expectTypeOf(error).toEqualTypeOf<Error>()
      expectTypeOf(result.rows).toEqualTypeOf<User[]>()
    }),
  ).toBeVoid()
  expectTypeOf(
    pool.query<User>('SELECT', [1], (_error, { rows }) => expectTypeOf(rows).toEqualTypeOf<User[]>()),
  ).toBeVoid()
}

export function submittablesComeBackAsTheyAre(pool: Pool): void {
  expectTypeOf(pool.query(new Cursor<User>('SELECT'))).toEqualTypeOf<Cursor<User>>()
}

export async function clientsArePoolClients(pool: Pool): Promise<void> {
  const client = await pool.connect()
  // Each may stand in the place of the other.
  expectTypeOf(client).toExtend<pg.PoolClient>()
  expectTypeOf<pg.PoolClient>().toExtend<typeof client>()
  expectTypeOf((await client.query<User>('SELECT')).rows).toEqualTypeOf<User[]>()
  expectTypeOf(
    pool.connect((error, given, done) => {
      expectTypeOf(error).toEqualTypeOf<Error | undefined>()
      expectTypeOf(given).toEqualTypeOf<typeof client | undefined>()
      done()
    }),
  ).toBeVoid()
  expectTypeOf(pool.end()).toEqualTypeOf<Promise<void>>()
}

export function theModuleIsShapedLikePg(): Pool {
  expectTypeOf<keyof typeof module>().toEqualTypeOf<keyof typeof pg>()
  expectTypeOf(module.Pool).toEqualTypeOf<typeof Pool>()
  expectTypeOf(new module.Client({ host: 'db' })).toExtend<pg.Client>()
  expectTypeOf(new names.Client({ host: 'db', replicas: ['postgres://replica'] })).toExtend<pg.Client>()
  expectTypeOf(wrapPg(pg, { replicas: [] })).toEqualTypeOf<typeof module>()
  expectTypeOf(names.types).toEqualTypeOf<typeof pg.types>()
  return new module.Pool({ host: 'db', replicas: [{ host: 'replica' }] })
}

export function namedTypesAreNodePostgres(): void {
  expectTypeOf<PoolClient>().toEqualTypeOf<pg.PoolClient>()
  expectTypeOf<ClientBase>().toEqualTypeOf<pg.ClientBase>()
  expectTypeOf<PoolConfig>().toEqualTypeOf<pg.PoolConfig>()
  expectTypeOf<QueryResult<User & QueryResultRow>>().toEqualTypeOf<pg.QueryResult<User & QueryResultRow>>()
}
