import type { PoolClient } from 'pg'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import type { ListedTransactions } from '../consistency/unshown.ts'
import type { Send } from './execution.ts'
import { ifShown, UNPROVEN } from './if-shown.ts'

type Answer = Error | readonly (string | null)[]

const read: Send = (client, done) => void client.query('select 1', done as never)
const denied = Object.assign(new Error('denied'), { code: '42501', severity: 'ERROR' })

/** A connection that answers at once. */
function connection(answer: Answer, sent: string[], isPipelining: boolean): PoolClient {
  const query = (
    config: { readonly text: string } | string,
    callback: (error?: Error, result?: unknown) => void,
  ): void => {
    const isCheck = typeof config === 'object'
    sent.push(isCheck ? 'check' : 'read')
    queueMicrotask(() => {
      if (!isCheck) callback(undefined, 'rows')
      else if (answer instanceof Error) callback(answer)
      else callback(undefined, { rows: [answer] })
    })
  }
  return { query, ...(isPipelining ? { pipeline: false } : {}) } as unknown as PoolClient
}

const PRIMARY = { state: { name: 'pending' } } as const

async function run(
  answer: Answer,
  isProven: boolean,
  isPipelining: boolean,
  heard: () => Promise<void> | undefined = () => undefined,
): Promise<unknown[]> {
  const sent: string[] = []
  const judged: ListedTransactions[] = []
  const judge = (listed: ListedTransactions): boolean => {
    judged.push(listed)
    return isProven
  }
  const end = await new Promise((resolve) => {
    const client = connection(answer, sent, isPipelining)
    ifShown({ send: read }, PRIMARY, { heard, judge }, { now: () => 7 }).send(client, (error, result) =>
      resolve(error ?? result),
    )
  })
  return [end, sent.join(' '), judged]
}

describe('a read on the primary, if that shows what its session has seen', () => {
  const listed = { ids: ['5', '6'], server: 's', askedAtMs: 7 }

  it.each<[answer: Answer, isProven: boolean, end: unknown, judged: readonly ListedTransactions[]]>([
    [['primary', '5 6', '8', '0', 's'], true, 'rows', [listed]],
    [['primary', '5 6', '8', '0', 's'], false, UNPROVEN, [listed]],
    [['primary', null, '8', '0', 's'], true, 'rows', [{ ...listed, ids: [] }]],
    [['replica', null, '8', '0', 's'], true, UNPROVEN, []],
    [denied, true, UNPROVEN, []],
  ])('%s, proven: %s', async (answer, isProven, end, judged) => {
    expect(await run(answer, isProven, true)).toEqual([end, 'check read', judged])
    const later = end === UNPROVEN ? 'check' : 'check read'
    expect(await run(answer, isProven, false)).toEqual([end, later, judged])
  })

  it('counts only once the servers of what was read have told their timelines', async () => {
    const answer = ['primary', null, '8', '0', 's']
    let tell = (): void => {}
    let end: unknown
    const heard = (): Promise<void> => new Promise((resolve) => (tell = resolve))
    void run(answer, true, true, heard).then(([ended]) => (end = ended))
    await settle()
    expect(end).toBeUndefined()
    tell()
    await settle()
    expect(end).toBe('rows')
    // Without a proof nothing is waited for.
    expect((await run(answer, false, true, heard))[0]).toBe(UNPROVEN)
  })

  it('takes the connections that the read may have', () => {
    const custom = new Set(['app.tenant'])
    const sendable = ifShown(
      { send: read, custom },
      PRIMARY,
      { heard: () => undefined, judge: () => true },
      { now: () => 7 },
    )
    expect(sendable.custom).toBe(custom)
  })

  it('fails with its connection', async () => {
    const lost = new Error('Connection terminated unexpectedly')
    expect(await run(lost, true, false)).toEqual([lost, 'check', []])
  })
})
