// A job that reads what the request before it wrote, in another process, from a replica. Run as `job-queue.mjs`.
import { once } from 'node:events'
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Pool } from 'pg-switchyard'
import { startCluster } from 'pg-switchyard/test-cluster'

if (process.send === undefined) await order()
else await work()

/** Whoever orders the work: writes, and gives the job its token. */
async function order() {
  const cluster = await startCluster({ replicas: 1 })
  const nodes = { ...cluster.primary.config, replicas: cluster.replicas.map(({ config }) => config) }
  const pool = new Pool(nodes)
  await pool.query('CREATE TABLE orders (id int PRIMARY KEY, what text)')
  await cluster.caughtUp()

  const worker = fork(fileURLToPath(import.meta.url))
  await once(worker, 'message')
  for (let id = 1; id <= 3; id++) {
    await pool.withSession({}, async (session) => {
      await pool.query('INSERT INTO orders VALUES ($1, $2)', [id, `parcel ${id}`])
      worker.send({ nodes, job: { orderId: id, token: await session.token() } })
    })
    const [line] = await once(worker, 'message')
    console.log(line)
  }
  worker.disconnect()
  await once(worker, 'exit')
  await pool.end()
  await cluster.stop()
}

/** The worker: knows of the write by the token alone. */
async function work() {
  let pool
  process.on('message', ({ nodes, job }) => {
    pool ??= new Pool(nodes)
    void pool.withSession({ token: job.token }, async () => {
      const { rows } = await pool.query('SELECT what FROM orders WHERE id = $1', [job.orderId])
      process.send(`order ${job.orderId}: ${rows[0]?.what ?? 'NOT THERE'}`)
    })
  })
  process.on('disconnect', () => void pool?.end())
  process.send('ready')
}
