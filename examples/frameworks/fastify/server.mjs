// Fastify: the middleware as a hook.
import Fastify from 'fastify'
import { Pool } from 'pg-switchyard'
import { sessionMiddleware } from 'pg-switchyard/http'

const { DATABASE_URL, DATABASE_REPLICA_URLS = '', PORT = '3000' } = process.env
const pool = new Pool({ connectionString: DATABASE_URL, replicas: DATABASE_REPLICA_URLS.split(',') })

const fastify = Fastify()
const session = sessionMiddleware({ pool })
fastify.addHook('onRequest', (request, reply, done) => session(request.raw, reply.raw, done))

fastify.get('/orders', async (_request, reply) => {
  const { rows } = await pool.query('SELECT item FROM orders ORDER BY id')
  return reply.header('Cache-Control', 'public, max-age=5').send(rows)
})

fastify.post('/orders', async (request, reply) => {
  const { item } = request.body
  await pool.query('INSERT INTO orders (item) VALUES ($1)', [item])
  await pool.query('INSERT INTO parcels (item) VALUES ($1)', [item])
  return reply.code(201).send({ item })
})

// A page that counts its visits is for its visitor alone, whatever it says.
fastify.get('/visit', async (_request, reply) => {
  const { rows } = await pool.query('UPDATE visits SET count = count + 1 RETURNING count')
  return reply.header('Cache-Control', 'public, max-age=5').send(rows[0])
})

await pool.ready()
await fastify.listen({ port: Number(PORT), host: '127.0.0.1' })
