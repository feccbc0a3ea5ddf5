// Express 5: one middleware, before all others.
import express from 'express'
import { Pool } from 'pg-switchyard'
import { sessionMiddleware } from 'pg-switchyard/http'

const { DATABASE_URL, DATABASE_REPLICA_URLS = '', PORT = '3000' } = process.env
const pool = new Pool({ connectionString: DATABASE_URL, replicas: DATABASE_REPLICA_URLS.split(',') })

const app = express()
app.use(sessionMiddleware({ pool }))
app.use(express.json())

app.get('/orders', async (_request, response) => {
  const { rows } = await pool.query('SELECT item FROM orders ORDER BY id')
  response.set('Cache-Control', 'public, max-age=5').json(rows)
})

app.post('/orders', async (request, response) => {
  const { item } = request.body
  await pool.query('INSERT INTO orders (item) VALUES ($1)', [item])
  await pool.query('INSERT INTO parcels (item) VALUES ($1)', [item])
  response.status(201).json({ item })
})

// A page that counts its visits is for its visitor alone, whatever it says.
app.get('/visit', async (_request, response) => {
  const { rows } = await pool.query('UPDATE visits SET count = count + 1 RETURNING count')
  response.set('Cache-Control', 'public, max-age=5').json(rows[0])
})

await pool.ready()
app.listen(Number(PORT), '127.0.0.1')
