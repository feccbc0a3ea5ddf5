'use server'

import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { inSession, placeOrder } from '../lib/database.js'

export async function order(form) {
  await inSession(await cookies(), async () => {
    await placeOrder(form.get('item'))
    redirect('/')
  })
}
