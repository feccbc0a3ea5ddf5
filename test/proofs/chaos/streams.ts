import type { PoolClient, Submittable } from 'pg'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { isError, type Caller } from './caller.ts'
import { ITEMS } from './tables.ts'

const ALL = 'select id from items order by id'

interface Row {
  readonly id: number
}

/** Reads all items over a cursor or a stream, with pauses, so that faults meet it before, between and after its rows. */
export async function readInParts(caller: Caller, how: 'cursor' | 'stream'): Promise<void> {
  let next = 1
  const take = ({ id }: Row): void => {
    if (id === next) next += 1
    else
      caller.history.notice(
        'a cursor shows each row once, in order',
        `${caller.name}: ${id} after ${next - 1}`,
      )
  }
  const isCutShort = caller.random.chance(0.2)
  // Rows may have arrived before the caller takes them. So an error is never wrong, but a missing row is.
  await caller.call(how, isError, async () => {
    const client = caller.random.chance(0.5) ? await caller.pool.connect() : undefined
    try {
      await caller.pause(20)
      await (how === 'cursor' ? byCursor : byStream)(caller, client, take, isCutShort)
    } finally {
      client?.release()
    }
    if (!isCutShort && next !== ITEMS + 1)
      caller.history.notice('no cursor ends early in silence', `${caller.name}: ${next - 1} of ${ITEMS} rows`)
  })
}

async function byCursor(
  caller: Caller,
  client: PoolClient | undefined,
  take: (row: Row) => void,
  isCutShort: boolean,
): Promise<void> {
  const cursor = submitted(caller, client, new Cursor<Row>(ALL))
  const size = 200 + caller.random.below(600)
  let isOver = false
  while (!isOver) {
    await caller.pause(30)
    const rows = await cursor.read(size)
    rows.forEach(take)
    isOver = rows.length < size || isCutShort
  }
  await caller.pause(20)
  await cursor.close()
}

async function byStream(
  caller: Caller,
  client: PoolClient | undefined,
  take: (row: Row) => void,
  isCutShort: boolean,
): Promise<void> {
  const batchSize = 50 + caller.random.below(200)
  const stream = submitted(caller, client, new QueryStream(ALL, [], { batchSize }))
  await caller.pause(20)
  let rows = 0
  for await (const row of stream) {
    take(row as Row)
    rows += 1
    if (rows % 400 === 0) await caller.pause(30)
    if (isCutShort && rows === 500) break
  }
}

/** Sends it over a client, or over the pool, which gives it a client of its own. */
function submitted<T extends Submittable>(
  { pool }: Caller,
  client: PoolClient | undefined,
  submittable: T,
): T {
  if (client !== undefined) return client.query(submittable)
  // In spite of its type, this is a promise; the error is that of the cursor, too.
  Promise.resolve<unknown>(pool.query(submittable)).catch(() => {})
  return submittable
}
