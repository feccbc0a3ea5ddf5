import { sessionHandler } from 'pg-switchyard/http'
import { orders, placeOrder, pool } from '../../lib/database.js'

export const GET = sessionHandler({ pool }, async () =>
  Response.json(await orders(), { headers: { 'Cache-Control': 'public, max-age=5' } }),
)

export const POST = sessionHandler({ pool }, async (request) => {
  const { item } = await request.json()
  await placeOrder(item)
  return Response.json({ item }, { status: 201 })
})
