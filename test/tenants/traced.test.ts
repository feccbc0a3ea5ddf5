import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'

let cluster: Cluster
const openPool = poolsForTests(() => cluster, { max: 3 })
const { prototype } = Client
const { query: original } = prototype

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(3))
})
afterEach(() => void Object.assign(prototype, { query: original }))
afterAll(() => cluster?.stop())

/** Adds a comment to each query, as OpenTelemetry's `addSqlCommenterCommentToQueries` does. */
function addComments(): void {
  Reflect.set(prototype, 'query', function query(this: Client, config: string | object, ...rest: never[]) {
    const add = (text: unknown): string => `${String(text)} /*traced*/`
    const copied = (given: object): object => ({ ...given, text: add(Reflect.get(given, 'text')) })
    const isNamed = typeof config === 'object' && Reflect.get(config, 'name') !== undefined
    const changed = typeof config === 'string' ? add(config) : isNamed ? config : copied(config)
    return Reflect.apply(original, this, [changed, ...rest])
  })
}

it.each(['primary', 'replica'] as const)(
  'the settings of a session hold on a %s under a tool that adds comments',
  async (route) => {
    const pool = await openPool({ consistency: 'eventual' })
    addComments()
    const text = "select current_setting('app.tenant', true) as tenant, count(*)::int as n from items"
    for (const values of [undefined, []]) {
      const { rows } = await pool.withSession({ settings: { 'app.tenant': '7' } }, () =>
        pool.query({ text, ...(values && { values }), ...(route === 'primary' && { route }) }),
      )
      expect(rows).toEqual([{ tenant: '7', n: 3 }])
    }
    const parameters = { text: `${text} where id < $1`, values: [3] }
    const { rows } = await pool.withSession({ settings: { 'app.tenant': '8' } }, () => pool.query(parameters))
    expect(rows).toEqual([{ tenant: '8', n: 2 }])
  },
)
