import { pino } from 'pino'
import { expectTypeOf } from 'vitest'
import { classify, Pool, type PoolOptions, type ReplicaOptions, type Statement } from '../../src/index.ts'

// Checked by the compiler, never run.

const environment = process.env['REPLICAS']

/** Each of these is taken. */
export const taken: readonly PoolOptions[] = [
  {},
  { connectionString: 'postgres://db', max: 5, idleTimeoutMillis: 1, allowExitOnIdle: true },
  { replicas: [] },
  { replicas: undefined, windowMs: undefined, balancer: undefined, logger: undefined, declared: undefined },
  { replicas: ['postgres://r1', { host: 'r2', weight: 2 }, { connectionString: 'postgres://r3', max: 3 }] },
  { replicas: ['postgres://r1'] as const },
  { replicas: environment?.split(',') },
  { windowMs: 500, probeIntervalMs: 100, probeTimeoutMs: 100, logger: false },
  { declared: { functions: { 'app.f': 'readOnly' }, relations: { log: 'primaryOnly' } } },
  { logger: pino({ level: 'debug' }) },
  { logger: console },
  { logger: { info() {}, warn() {} } },
]

/** Each of these is refused. */
export const refused: readonly PoolOptions[] = [
  // @ts-expect-error misspelt
  { replica: ['postgres://r1'] },
  // @ts-expect-error a list is wanted
  { replicas: 'postgres://r1' },
  // @ts-expect-error neither a connection string nor an object
  { replicas: [5432] },
  // @ts-expect-error misspelt inside of a replica
  { replicas: [{ host: 'r1', wieght: 2 }] },
  // @ts-expect-error replicas have no replicas
  { replicas: [{ host: 'r1', replicas: [] }] },
  // @ts-expect-error a number of milliseconds is wanted
  { windowMs: '2s' },
  // @ts-expect-error balancers are objects, not names
  { balancer: 'round-robin' },
  // @ts-expect-error true is no logger
  { logger: true },
  // @ts-expect-error neither readOnly nor primaryOnly
  { declared: { functions: { f: 'harmless' } } },
]

export function wrongOptionsAreRefused(): readonly Pool[] {
  expectTypeOf<ReplicaOptions['weight']>().toEqualTypeOf<number | undefined>()
  // @ts-expect-error misspelt
  return [new Pool({ replica: ['postgres://r1'] })]
}

export async function queriesTakeARequest(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ id: number }>({
    text: 'SELECT $1::int AS id',
    values: [1],
    route: 'replica',
    maxStalenessMs: 500,
  })
  expectTypeOf(rows).toEqualTypeOf<{ id: number }[]>()
  await pool.query({ text: 'SELECT', route: 'primary' }, [1])
  await pool.query<[number]>({ text: 'SELECT', rowMode: 'array', route: 'primary' })
  pool.query({ text: 'SELECT', maxStalenessMs: 0 }, (_error, result) => result.rows)
  // @ts-expect-error neither primary nor replica
  void pool.query({ text: 'SELECT', route: 'standby' })
  // @ts-expect-error a number of milliseconds is wanted
  void pool.query({ text: 'SELECT', maxStalenessMs: '1s' })
  // @ts-expect-error misspelt
  void pool.query({ text: 'SELECT', maxStaleness: 500 })
}

export async function statementsAreClosedUnions(pool: Pool): Promise<void> {
  expectTypeOf(await classify('SELECT 1')).toEqualTypeOf<Statement>()
  expectTypeOf<Statement['kind']>().toEqualTypeOf<'read' | 'write' | 'transaction' | 'session'>()
  expectTypeOf<string>().not.toExtend<Statement['reason']>()
  expectTypeOf<'row-lock'>().toExtend<Statement['reason']>()
  const { statement, route } = await pool.explain({ text: 'SELECT 1', route: 'replica' })
  expectTypeOf(statement).toEqualTypeOf<Statement>()
  expectTypeOf(route.role).toEqualTypeOf<'primary' | 'replica'>()
  expectTypeOf<string>().not.toExtend<typeof route.reason>()
  // @ts-expect-error statements are shared, and immutable
  statement.kind = 'read'
}

export function sessionsGiveWhatTheirFunctionGives(pool: Pool): void {
  expectTypeOf(pool.withSession(() => 5)).toEqualTypeOf<number>()
  expectTypeOf(pool.withSession(async () => 'text')).toEqualTypeOf<Promise<string>>()
}
