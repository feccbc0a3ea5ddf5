// The standard `Request` and `Response`: one function, for Bun, Deno, and every framework that is built on them.
import { Pool } from 'pg-switchyard'
import { sessionHandler } from 'pg-switchyard/http'

const { DATABASE_URL, DATABASE_REPLICA_URLS = '' } = process.env
const pool = new Pool({ connectionString: DATABASE_URL, replicas: DATABASE_REPLICA_URLS.split(',') })
await pool.ready()

const routes = {
  async 'GET /orders'() {
    const { rows } = await pool.query('SELECT item FROM orders ORDER BY id')
    return Response.json(rows, { headers: { 'Cache-Control': 'public, max-age=5' } })
  },
  async 'POST /orders'(request) {
    const { item } = await request.json()
    await pool.query('INSERT INTO orders (item) VALUES ($1)', [item])
    await pool.query('INSERT INTO parcels (item) VALUES ($1)', [item])
    return Response.json({ item }, { status: 201 })
  },
  // A page that counts its visits is for its visitor alone, whatever it says.
  async 'GET /visit'() {
    const { rows } = await pool.query('UPDATE visits SET count = count + 1 RETURNING count')
    return Response.json(rows[0], { headers: { 'Cache-Control': 'public, max-age=5' } })
  },
}

async function answer(request) {
  const route = routes[`${request.method} ${new URL(request.url).pathname}`]
  if (route === undefined) return new Response('Not found', { status: 404 })
  // An error that left the handler would take the token with it.
  return route(request).catch((error) => new Response(error.message, { status: 500 }))
}

export const fetch = sessionHandler({ pool }, answer)

// `bun handler.mjs` and `deno serve handler.mjs` serve the default export.
export default { fetch, hostname: '127.0.0.1' }
