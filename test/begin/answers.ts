import type { PoolClient } from 'pg'
import { until } from '../support/servers.ts'
import type { Step } from './programs.ts'

/** Fields of a server's error that a program may look at. */
const FIELDS = [
  'message',
  'name',
  'severity',
  'code',
  'detail',
  'hint',
  'position',
  'where',
  'schema',
  'table',
  'column',
  'constraint',
  'routine',
  'outcome',
] as const

/** What one call comes to: its result or error, the notices before it, and the transaction status when the server is ready. */
export interface Heard {
  readonly answer: unknown
  readonly notices: readonly string[]
  readonly status: string | null
}

/** Runs a program over a client, one statement behind the other. */
export async function answersOf(client: PoolClient, program: readonly Step[]): Promise<Heard[]> {
  const heard: Heard[] = []
  const notices: string[] = []
  const listener = ({ message }: { readonly message?: string | undefined }): void =>
    void notices.push(message ?? '')
  client.on('notice', listener)
  for (const step of program) {
    const answer = await answerOf(client, step)
    await free(client)
    heard.push({ answer, notices: notices.splice(0), status: client.getTransactionStatus() })
  }
  client.removeListener('notice', listener)
  return heard
}

async function answerOf(client: PoolClient, step: Step): Promise<unknown> {
  try {
    if (typeof step !== 'function') return plain(await client.query(step as string))
    const cursor = client.query(step())
    const rows: unknown = await cursor.read(10)
    await cursor.close()
    return rows
  } catch (error) {
    return Object.fromEntries(FIELDS.map((field) => [field, Reflect.get(error as object, field) as unknown]))
  }
}

/** What a result shows, without what node-postgres keeps in it for itself. */
function plain(result: unknown): unknown {
  if (Array.isArray(result)) return result.map(plain)
  const { command, fields, oid, rowCount, rows } = result as Record<string, unknown>
  const described = (fields as readonly object[]).map((field) => ({ ...field, tableID: undefined }))
  return { command, oid, rowCount, rows, fields: described, keys: Object.keys(result as object) }
}

/** Resolves when the server is ready for the next statement. */
async function free(client: PoolClient): Promise<void> {
  const explain: unknown = Reflect.get(client, 'explain')
  // An explanation of a routed client waits for its statements.
  if (typeof explain === 'function') return void (await Reflect.apply(explain, client, ['select 1']))
  await until('the client is free', () => Promise.resolve(Reflect.get(client, 'readyForQuery') === true))
}
