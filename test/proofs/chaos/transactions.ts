import type { PoolClient } from 'pg'
import { toldBy, type Told } from '../ledger.ts'
import {
  hasOutcome,
  isError,
  LostWrite,
  type Caller,
  type Queryable,
  type Sent,
  type Shown,
} from './caller.ts'

let transactions = 0

/** Writes and reads of one transaction. */
interface Log {
  sent: (Omit<Sent, 'port'> & { readonly port?: number })[]
  shown: Shown[]
}

const ROLLBACK = new Error('rolled back on purpose')

/** Writes two rows, and reads, by `pool.transaction()`. */
export async function writingTransaction(caller: Caller, optimistic: boolean): Promise<void> {
  const log: Log = { sent: [], shown: [] }
  const isUndone = caller.random.chance(0.2)
  const [own, other, n] = [caller.ownRegister(), caller.anyRegister(), caller.nextValue()]
  await caller.call(optimistic ? 'optimistic transaction' : 'transaction', hasOutcome, async () => {
    await recorded(caller, log, optimistic, async () => {
      const body = async (client: PoolClient): Promise<void> => {
        // It may run more than once.
        ;[log.sent, log.shown] = [[], []]
        await work(caller, client, log, own, other, n)
        if (isUndone) throw ROLLBACK
      }
      await caller.pool.transaction(body, { optimistic, retries: 2 })
    })
  })
}

/** The same, with BEGIN and COMMIT as statements of their own. */
export async function transactionByHand(caller: Caller): Promise<void> {
  const log: Log = { sent: [], shown: [] }
  const isUndone = caller.random.chance(0.2)
  const [own, other, n] = [caller.ownRegister(), caller.anyRegister(), caller.nextValue()]
  await caller.call('transaction by hand', hasOutcome, async () => {
    await recorded(caller, log, false, async () => {
      const client = await caller.pool.connect()
      try {
        await client.query('begin')
        await work(caller, client, log, own, other, n)
        if (isUndone) throw ROLLBACK
        await client.query('commit')
      } catch (error) {
        await client.query('rollback').catch(() => {})
        throw error
      } finally {
        client.release(client.getTransactionStatus() !== 'I')
      }
    })
  })
}

/** Reads the same row twice, and all rows, in a transaction that only reads. */
export async function readOnlyTransaction(caller: Caller): Promise<void> {
  const id = caller.anyRegister()
  // Its server may be lost; what its session was promised may then need another one.
  await caller.call('read-only transaction', isError, async () => {
    const body = async (client: PoolClient): Promise<Shown[]> => {
      const first = await caller.readRegister(client, id)
      await caller.pause(10)
      return [first, await caller.readRegisters(client), await caller.readRegister(client, id)]
    }
    const beganMs = performance.now()
    for (const shown of await caller.pool.transaction(body, { readOnly: true, retries: 2 }))
      // Its server was chosen when it began.
      caller.saw({ ...shown, beganMs }, 'session')
  })
}

async function work(
  caller: Caller,
  client: Queryable,
  log: Log,
  own: number,
  other: number,
  n: number,
): Promise<void> {
  log.shown.push(await caller.readRegister(client, other))
  await sending(log, () => caller.update(client, own, n))
  await caller.pause(10)
  log.shown.push(await caller.readRegister(client, other))
  await sending(log, () => caller.append(client, n))
}

async function sending(log: Log, fn: () => Promise<Sent>): Promise<void> {
  try {
    log.sent.push(await fn())
  } catch (error) {
    if (!(error instanceof LostWrite)) throw error
    log.sent.push(error.sent)
    throw error.cause
  }
}

async function recorded(
  caller: Caller,
  log: Log,
  optimistic: boolean,
  fn: () => Promise<void>,
): Promise<void> {
  const transaction = (transactions += 1)
  const { session } = caller
  const beganMs = performance.now()
  const record = (told: Told): void => {
    const endedMs = performance.now()
    for (const sent of log.sent) caller.history.writes.push({ ...sent, session, endedMs, told, transaction })
    const written = new Set(log.sent.map(({ key }) => key))
    // Its reads are not judged when its primary was lost: that may have been a former one.
    const onPrimary = told === 'acknowledged' ? 'everything' : 'nothing'
    // An optimistic one has a server that was chosen when it began.
    for (const shown of log.shown)
      caller.saw({ ...shown, beganMs }, optimistic ? 'session' : onPrimary, undefined, written)
  }
  try {
    await fn()
    record('acknowledged')
  } catch (error) {
    record(error === ROLLBACK ? 'rolled-back' : toldBy(error))
    if (error !== ROLLBACK) throw error
  }
}
