import { Pool } from 'pg-switchyard'
import { sessionCookies } from 'pg-switchyard/http'

const { DATABASE_URL, DATABASE_REPLICA_URLS = '' } = process.env

/** One pool for the whole process: `next dev` loads this file more than once. */
export const pool = (globalThis.pool ??= new Pool({
  connectionString: DATABASE_URL,
  replicas: DATABASE_REPLICA_URLS.split(',').filter(Boolean),
}))

/** Runs code in the session of the user whose cookies these are. */
export const inSession = sessionCookies({ pool })

export async function placeOrder(item) {
  await pool.query('INSERT INTO orders (item) VALUES ($1)', [item])
  await pool.query('INSERT INTO parcels (item) VALUES ($1)', [item])
}

export async function orders() {
  const { rows } = await pool.query('SELECT item FROM orders ORDER BY id')
  return rows
}
