// What an application does with a pool, from the first read to the end. Prints what it has seen.
import { Pool } from 'pg-switchyard'
import { createRequire } from 'node:module'

const QueryStream = createRequire(import.meta.url)('pg-query-stream')
const { primary, replicas, table } = JSON.parse(process.env.MAIN_JOB)
const pool = new Pool({ ...primary, replicas, application_name: table, max: 5 })
await pool.ready()
const seen = {}

const count = `select count(*)::int as n from ${table}`
const counted = async (from) => (await from.query(count)).rows[0].n
const roleOf = async (sql) => (await pool.explain(sql)).plan.candidates[0].role

// Until both replicas answer: the first reads may find one of them not yet looked at.
const reads = () => pool.stats().nodes.slice(1)
while (reads().some((node) => node.reads < 50)) {
  const many = await Promise.all(Array.from({ length: 20 }, (_, n) => pool.query('select $1::int as n', [n])))
  if (many.some(({ rows }, n) => rows[0].n !== n)) throw new Error('answers are mixed up')
}
seen.roles = [await roleOf(count), await roleOf(`delete from ${table}`)]

seen.ownWrites = []
for (let i = 1; i <= 20; i++) {
  await pool.query(`insert into ${table} values ($1, $2)`, [i, `row ${i}`])
  seen.ownWrites.push(await counted(pool))
}

const client = await pool.connect()
await client.query('begin')
await client.query(`insert into ${table} values (21, 'undone')`)
seen.inside = await counted(client)
await client.query('rollback')
client.release()
seen.rolledBack = await counted(pool)
seen.transaction = await pool.transaction(async (each) => {
  await each.query(`insert into ${table} values (21, 'row 21')`)
  return counted(each)
})

const reader = await pool.connect()
seen.streamed = []
for await (const row of reader.query(new QueryStream(`select id from ${table} order by id`))) {
  seen.streamed.push(row.id)
}
reader.release()

// The token carries what one session has written to another one.
const token = await pool.withSession({}, async (session) => {
  await pool.query(`insert into ${table} values (22, 'row 22')`)
  return session.token()
})
seen.carried = await pool.withSession({ token }, () => counted(pool))
seen.apart = await Promise.all(
  [1, 2, 3].map((n) =>
    pool.withSession({}, async () => {
      await pool.query(`insert into ${table} values ($1, 'of a session')`, [100 + n])
      return (await pool.query(`select id from ${table} where id = $1`, [100 + n])).rows
    }),
  ),
)

seen.error = await pool.query('select missing').catch(({ code, message }) => `${code} ${message}`)
await pool.end()
seen.ended = await pool.query('select 1').catch(({ message }) => message)
console.log(JSON.stringify(seen))
