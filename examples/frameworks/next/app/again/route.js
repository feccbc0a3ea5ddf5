import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { sessionHandler } from 'pg-switchyard/http'
import { pool } from '../../lib/database.js'

// `redirect()` throws. Then the token goes where Next.js keeps the cookies of its own responses.
export const POST = sessionHandler({ pool, jar: cookies }, async () => {
  await pool.query('INSERT INTO orders (item) SELECT item FROM orders ORDER BY id DESC LIMIT 1')
  redirect('/')
})
