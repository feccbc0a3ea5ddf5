import pg from 'pg'
import Cursor from 'pg-cursor'
import type { Pool } from '../../src/index.ts'

/** By name: runs a statement on one path, and waits for its end. */
export const PATHS: Readonly<
  Record<string, (pool: Pool, sql: string, values?: unknown[]) => Promise<unknown>>
> = {
  'pool.query': (pool, sql, values) => pool.query(sql, values),
  'pool.query with a callback': (pool, sql, values) =>
    new Promise((resolve, reject) =>
      pool.query(sql, values ?? [], (error, result) => (error ? reject(error) : resolve(result))),
    ),
  'client.query': async (pool, sql, values) => {
    const client = await pool.connect()
    try {
      return await client.query(sql, values)
    } finally {
      client.release()
    }
  },
  'a query object': async (pool, sql, values) => {
    const client = await pool.connect()
    const query = new pg.Query(sql, values)
    try {
      await new Promise((resolve, reject) => {
        query.on('error', reject)
        query.on('end', resolve)
        client.query(query)
      })
    } finally {
      client.release()
    }
  },
  'a cursor': async (pool, sql, values) => {
    const client = await pool.connect()
    const cursor = client.query(new Cursor(sql, values))
    try {
      while ((await cursor.read(2)).length > 0);
    } finally {
      await cursor.close().catch(() => {})
      client.release()
    }
  },
}
