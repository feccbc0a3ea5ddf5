import { cookies } from 'next/headers'
import { inSession, orders } from '../lib/database.js'
import { order } from './actions.js'

export default async function Page() {
  const rows = await inSession(await cookies(), orders)
  return (
    <form action={order}>
      {rows.map(({ item }, index) => (
        <p key={index}>{item}</p>
      ))}
      <input name="item" />
      <button>Order</button>
    </form>
  )
}
