// Jobs and LISTEN: a worker in another process wakes by NOTIFY, takes a job, and reads the order from a replica that
// shows it. The job carries the token of the session that wrote the order.
//
// Run: npm ci && npm run example examples/jobs-and-listen.mjs
//
// Prints:
//   order 1: parcel 1, read from a replica
//   order 2: parcel 2, read from a replica
//   order 3: parcel 3, read from a replica
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Pool } from 'pg-switchyard'
import { startCluster } from 'pg-switchyard/test-cluster'

if (process.send === undefined) await takeOrders()
else await work(JSON.parse(process.argv[2]))

/** The application: writes orders, and a job for each. */
async function takeOrders() {
  const cluster = await startCluster({ replicas: 1 })
  const options = {
    ...cluster.primary.config,
    replicas: cluster.replicas.map((replica) => replica.config),
    catchUpTimeoutMs: 10_000,
    primarySpill: { share: 0 },
  }
  const pool = new Pool(options)
  await pool.query('CREATE TABLE orders (id int PRIMARY KEY, item text NOT NULL)')
  await pool.query('CREATE TABLE jobs (order_id int PRIMARY KEY, token text NOT NULL)')
  await cluster.caughtUp()

  const worker = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)])
  await once(worker, 'message')
  for (let id = 1; id <= 3; id++) {
    await pool.withSession(async (session) => {
      await pool.query('INSERT INTO orders VALUES ($1, $2)', [id, `parcel ${id}`])
      // Where the worker has to be in the WAL to see the order.
      await pool.query('INSERT INTO jobs VALUES ($1, $2)', [id, await session.token()])
      await pool.query('NOTIFY jobs')
    })
    const [line] = await once(worker, 'message')
    console.log(line)
  }
  worker.send('stop')
  await once(worker, 'exit')
  await pool.end()
  await cluster.stop()
}

/** The worker: waits for notifications on one connection, which stays on the primary. */
async function work(options) {
  const pool = new Pool(options)
  await pool.ready()
  const listener = await pool.connect()
  listener.on('notification', () => void takeJob(pool))
  await listener.query('LISTEN jobs')

  process.send('ready')

  await once(process, 'message')
  listener.release(true)
  await pool.end()
  process.disconnect()
}

async function takeJob(pool) {
  // SKIP LOCKED lets many workers take jobs side by side. A DELETE always runs on the primary.
  const { rows } = await pool.query(`
    DELETE FROM jobs WHERE order_id = (SELECT order_id FROM jobs ORDER BY order_id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING order_id, token`)
  if (rows.length === 0) return
  const { order_id: id, token } = rows[0]
  await pool.withSession({ token }, async () => {
    const sql = 'SELECT item FROM orders WHERE id = $1'
    const order = await pool.query(sql, [id])
    const { route } = await pool.explain(sql)
    process.send(`order ${id}: ${order.rows[0].item}, read from a ${route.role}`)
  })
}
