import { afterAll, assert, beforeAll, expect, it } from 'vitest'
import { Client, type PoolClient } from 'pg'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2 })
  await ask(
    cluster.primary.config,
    `create function sees() returns text[] stable language sql as $$
       select array[current_setting('work_mem'), current_setting('search_path'), current_setting('datestyle'),
         coalesce(current_setting('app.a', true), ''), coalesce(current_setting('app.b', true), ''), current_user] $$`,
  )
  await ask(
    cluster.primary.config,
    'create table seen as select 1 as id; create role visitor; grant all on seen to visitor',
  )
  await cluster.caughtUp()
})

afterAll(async () => {
  await cluster.stop()
})

interface Step {
  readonly sql: string
  readonly values?: unknown[]
}

const sql =
  (text: string): (() => Step) =>
  () => ({ sql: text })

/** What clients do, each as often as it stands here. */
function steps(random: (below: number) => number): readonly (() => Step)[] {
  const size = (): number => 64 + random(900)
  const word = (): string => ['one', 'two', "it's", '', 'a\\b'][random(5)] ?? ''
  return [
    () => ({ sql: `set work_mem = ${size()}` }),
    () => ({ sql: `set session "work_mem" to '${size()}kB'` }),
    () => ({ sql: `set local work_mem = ${size()}` }),
    () => ({ sql: 'select set_config($1, $2, false)', values: ['app.a', word()] }),
    () => ({ sql: 'select set_config($1, $2, $3)', values: ['app.b', word(), random(2) === 0] }),
    () => ({ sql: `select set_config('app.a', '${size()}', false), set_config('app.b', 'local', true)` }),
    () => ({ sql: `set app.a = 'x${size()}'; set search_path to "$user", s${random(3)}` }),
    sql(`set datestyle = 'German'`),
    sql(`set datestyle = 'YMD'`),
    sql('reset work_mem'),
    sql('reset all'),
    sql('set role visitor'),
    sql('reset role'),
    sql('begin'),
    sql('begin'),
    sql('commit'),
    sql('commit'),
    sql('commit and chain'),
    sql('rollback'),
    sql('savepoint s'),
    sql('savepoint s'),
    sql('rollback to s'),
    sql('release s'),
    sql('select 1/0 from seen'),
    () => ({ sql: `begin; set app.b = 'm${size()}'; savepoint s; set app.b = 'lost'; rollback to s` }),
    sql('insert into seen select 1 where false'),
    sql('select id from seen'),
  ]
}

/** Steps of a linear congruential generator; its high bits are random enough. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Rows, or the code of the error. */
async function outcome(through: Pick<PoolClient, 'query'>, { sql: text, values }: Step): Promise<unknown> {
  try {
    const result: unknown = await (values === undefined ? through.query(text) : through.query(text, values))
    return (Array.isArray(result) ? result : [result]).map((one: object) => Reflect.get(one, 'rows'))
  } catch (error) {
    return Reflect.get(error as object, 'code')
  }
}

/** Each routed client has a plain one beside it that does the same, and sees the same. */
class Pair {
  readonly routed: PoolClient
  readonly #bare: Client
  readonly #trail: string[] = []

  constructor(routed: PoolClient, bare: Client) {
    this.routed = routed
    this.#bare = bare
  }

  async run(step: Step): Promise<void> {
    this.#trail.push(`${step.sql} ${JSON.stringify(step.values ?? [])}`)
    const answers = [await outcome(this.routed, step), await outcome(this.#bare, step)]
    assert.deepEqual(answers[0], answers[1], this.#trail.slice(-25).join('\n'))
    // Of an error node-postgres tells before it knows what has become of the transaction.
    if (typeof answers[1] !== 'string') {
      assert.equal(this.routed.getTransactionStatus(), this.#bare.getTransactionStatus())
    }
  }

  get isInTransaction(): boolean {
    return this.#bare.getTransactionStatus() !== 'I'
  }

  async end(): Promise<void> {
    await this.#bare.end()
  }
}

async function pairOf(pool: Pool, pairs: Map<PoolClient, Pair>): Promise<Pair> {
  const routed = await pool.connect()
  const known = pairs.get(routed)
  if (known !== undefined) return known
  const bare = new Client(cluster.primary.config)
  await bare.connect()
  const pair = new Pair(routed, bare)
  pairs.set(routed, pair)
  return pair
}

const STEPS = 80
const LOOK: Step = { sql: 'select sees()' }

it.each([1, 2, 3])(
  'clients of one pool see what plain connections see that do the same, whatever they do (seed %i)',
  { timeout: 240_000 },
  async (seed) => {
    const random = generator(seed)
    const pool = poolOver(cluster, { max: 3, probeIntervalMs: 100 })
    await replicasReady(pool)
    const pairs = new Map<PoolClient, Pair>()
    const held: Pair[] = []
    const choices = steps(random)
    for (let i = 0; i < STEPS; i++) {
      const chosen = held[random(3)]
      if (chosen === undefined) {
        held.push(await pairOf(pool, pairs))
        continue
      }
      if (random(8) === 0 && !chosen.isInTransaction) {
        held.splice(held.indexOf(chosen), 1)
        chosen.routed.release()
        continue
      }
      await chosen.run((choices[random(choices.length)] as () => Step)())
      await chosen.run(LOOK)
    }
    for (const { routed } of held) routed.release()
    expect(
      pool
        .stats()
        .nodes.slice(1)
        .reduce((sum, { reads }) => sum + reads, 0),
    ).toBeGreaterThan(0)
    await pool.end()
    for (const pair of pairs.values()) await pair.end()
  },
)
