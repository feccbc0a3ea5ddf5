import type { PoolClient } from 'pg'
import type { Pool, RouterEvents } from '../../src/index.ts'

export type TransactionMove = RouterEvents['transactionMoved'][0]

/** Runs a function with a client, whose connection is closed if the function leaves a transaction open. */
export async function withClient<T>(pool: Pool, fn: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    return await fn(client)
  } finally {
    client.release(client.getTransactionStatus() !== 'I')
  }
}

/** Returns the moves of transactions that a pool reports while a function runs. */
export async function movesDuring(pool: Pool, fn: () => Promise<unknown>): Promise<TransactionMove[]> {
  const moves: TransactionMove[] = []
  const listener = (move: TransactionMove): void => void moves.push(move)
  pool.events.on('transactionMoved', listener)
  try {
    await fn()
  } finally {
    pool.events.off('transactionMoved', listener)
  }
  return moves
}
