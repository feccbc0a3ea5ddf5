// Hono: the handler around the application.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Pool } from 'pg-switchyard'
import { sessionHandler } from 'pg-switchyard/http'

const { DATABASE_URL, DATABASE_REPLICA_URLS = '', PORT = '3000' } = process.env
const pool = new Pool({ connectionString: DATABASE_URL, replicas: DATABASE_REPLICA_URLS.split(',') })

const app = new Hono()

app.get('/orders', async (context) => {
  const { rows } = await pool.query('SELECT item FROM orders ORDER BY id')
  return context.json(rows, 200, { 'Cache-Control': 'public, max-age=5' })
})

app.post('/orders', async (context) => {
  const { item } = await context.req.json()
  await pool.query('INSERT INTO orders (item) VALUES ($1)', [item])
  await pool.query('INSERT INTO parcels (item) VALUES ($1)', [item])
  return context.json({ item }, 201)
})

// A page that counts its visits is for its visitor alone, whatever it says.
app.get('/visit', async (context) => {
  const { rows } = await pool.query('UPDATE visits SET count = count + 1 RETURNING count')
  return context.json(rows[0], 200, { 'Cache-Control': 'public, max-age=5' })
})

await pool.ready()
serve({ fetch: sessionHandler({ pool }, app.fetch), port: Number(PORT), hostname: '127.0.0.1' })
