// Koa: the middleware around the application, since Koa itself sends the response, behind all of its middlewares.
import Koa from 'koa'
import { Pool } from 'pg-switchyard'
import { sessionMiddleware } from 'pg-switchyard/http'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

const { DATABASE_URL, DATABASE_REPLICA_URLS = '', PORT = '3000' } = process.env
const pool = new Pool({ connectionString: DATABASE_URL, replicas: DATABASE_REPLICA_URLS.split(',') })

const app = new Koa()

const routes = {
  async 'GET /orders'(context) {
    const { rows } = await pool.query('SELECT item FROM orders ORDER BY id')
    context.set('Cache-Control', 'public, max-age=5')
    context.body = rows
  },
  async 'POST /orders'(context) {
    const { item } = await json(context.req)
    await pool.query('INSERT INTO orders (item) VALUES ($1)', [item])
    await pool.query('INSERT INTO parcels (item) VALUES ($1)', [item])
    context.status = 201
    context.body = { item }
  },
  // A page that counts its visits is for its visitor alone, whatever it says.
  async 'GET /visit'(context) {
    const { rows } = await pool.query('UPDATE visits SET count = count + 1 RETURNING count')
    context.set('Cache-Control', 'public, max-age=5')
    context.body = rows[0]
  },
}
app.use((context) => routes[`${context.method} ${context.path}`]?.(context))

const session = sessionMiddleware({ pool })
const handle = app.callback()
const server = createServer((request, response) =>
  session(request, response, () => handle(request, response)),
)

await pool.ready()
server.listen(Number(PORT), '127.0.0.1')
