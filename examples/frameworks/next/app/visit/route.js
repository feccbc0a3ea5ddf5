import { sessionHandler } from 'pg-switchyard/http'
import { pool } from '../../lib/database.js'

// A page that counts its visits is for its visitor alone, whatever it says.
export const GET = sessionHandler({ pool }, async () => {
  const { rows } = await pool.query('UPDATE visits SET count = count + 1 RETURNING count')
  return Response.json(rows[0], { headers: { 'Cache-Control': 'public, max-age=5' } })
})
