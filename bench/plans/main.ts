import { parseArgs } from 'node:util'
import { Pool } from 'pg'
import { startCluster } from '../../src/test-cluster/index.ts'
import { writeResult } from '../support/environment.ts'
import { compare, type Comparison } from '../support/interleave.ts'

/**
 * Measures the gain of a name with each `plan_cache_mode`, for statements of several kinds. It is the throughput of
 * bare node-postgres with a name over that without, in turn. Why names are given as they are is in
 * docs/understand/prepared-statements.md.
 */
const { values: options } = parseArgs({
  options: {
    callers: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '9' },
    'round-ms': { type: 'string', default: '300' },
    out: { type: 'string', default: 'bench/results/plans.json' },
  },
})

const ROWS = 20_000
const MODES = ['auto', 'force_custom_plan', 'force_generic_plan'] as const

let next = 0
const id = (): number => (next = (next % ROWS) + 1)

const statements: Readonly<Record<string, { readonly text: string; readonly values: () => unknown[] }>> = {
  'by key': { text: 'select id, label, price from products where id = $1', values: () => [id()] },
  'three tables': {
    text: `select p.id, s.name, r.name from products p
           join sellers s on s.id = p.seller join regions r on r.id = s.region where p.id = $1`,
    values: () => [id()],
  },
  update: { text: 'update products set price = $2 where id = $1', values: () => [id(), 5] },
  // One value is everywhere, the others are rare: a plan for any value reads too much for the rare ones.
  'skewed column': {
    text: 'select id from products where kind = $1 order by id limit 1',
    values: () => [1 + (id() % 50)],
  },
}

await using cluster = await startCluster({ replicas: 0 })
const setup = new Pool(cluster.primary.config)
await setup.query('create table regions (id int primary key, name text not null)')
await setup.query("insert into regions select g, 'region ' || g from generate_series(1, 20) g")
await setup.query('create table sellers (id int primary key, name text not null, region int not null)')
await setup.query("insert into sellers select g, 'seller ' || g, 1 + g % 20 from generate_series(1, 500) g")
await setup.query(
  `create table products (id int primary key, label text not null, price int not null, seller int not null, kind int not null)`,
)
await setup.query(
  `insert into products select g, 'product ' || g, g % 1000, 1 + g % 500,
     case when g > ${ROWS} - 50 then g - ${ROWS} + 50 else 0 end from generate_series(1, ${ROWS}) g`,
)
await setup.query('create index on products (kind)')
await setup.query('vacuum analyze')
await setup.end()

const results: (Comparison & { readonly statement: string; readonly mode: string })[] = []
for (const mode of MODES) {
  const pool = new Pool({ ...cluster.primary.config, max: 4, options: `-c plan_cache_mode=${mode}` })
  for (const [statement, { text, values }] of Object.entries(statements)) {
    const name = statement.replaceAll(' ', '_')
    const result = await compare(
      [
        { name: 'without a name', once: () => pool.query(text, values()) },
        { name: 'with a name', once: () => pool.query({ name, text, values: values() }) },
      ],
      Number(options.callers),
      Number(options.rounds),
      Number(options['round-ms']),
    )
    results.push({ statement, mode, ...result })
    const { median, min, max } = result.ratio
    console.log(`${statement}, ${mode}: ${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`)
  }
  await pool.end()
}
writeResult(options.out, { bench: 'plans', results })
