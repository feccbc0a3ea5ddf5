import { Pool } from 'pg-switchyard'

export const dynamic = 'force-dynamic'

const pool = new Pool({ ...JSON.parse(process.env.CONFIG), consistency: 'eventual' })

export async function GET() {
  await pool.ready()
  let rows
  for (let i = 0; i < 20; i += 1) ({ rows } = await pool.query('select count(*)::int as n from notes'))
  const replica = pool.stats().nodes.find(({ role }) => role === 'replica')
  return Response.json({ rows, replica: replica.queries })
}
