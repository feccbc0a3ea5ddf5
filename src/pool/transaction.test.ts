import { DatabaseError, type PoolClient } from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { outcomeOf, withOutcome } from '../errors/outcome.ts'
import { runTransaction } from './transaction.ts'
import type { TransactionOptions } from './transaction-options.ts'

const server = (code: string): Error =>
  Object.assign(new DatabaseError(`error ${code}`, 100, 'error'), { code })

/** A client that answers as it is told; `log` has what was sent, and how it was given back. */
class FakeClient {
  readonly log: string[]
  readonly answers: Readonly<Record<string, unknown>>
  status = 'T'

  constructor(log: string[], answers: Readonly<Record<string, unknown>>) {
    this.log = log
    this.answers = answers
  }

  async query(sql: string): Promise<unknown> {
    this.log.push(sql)
    const answer = this.answers[sql]
    if (answer instanceof Error) throw answer
    return { command: sql, ...(answer as object | undefined) }
  }

  getTransactionStatus(): string {
    return this.status
  }

  release = (error?: Error): void => void this.log.push(error ? `closed: ${error.message}` : 'released')
}

let log: string[]
let platform: FakePlatform
/** Answers of the clients in the order of their checkouts; the last one repeats. */
let answers: Record<string, unknown>[]
let clients: FakeClient[]

beforeEach(() => {
  log = []
  platform = new FakePlatform()
  answers = [{}]
  clients = []
})

function run<T>(fn: (client: PoolClient) => T | Promise<T>, options: TransactionOptions = {}): Promise<T> {
  const connect = async (): Promise<PoolClient> => {
    const client = new FakeClient(log, answers[clients.length] ?? answers.at(-1) ?? {})
    clients.push(client)
    return client as unknown as PoolClient
  }
  return runTransaction({ connect, platform }, fn, options)
}

/** Returns the error that it rejects with. */
async function failureOf(running: Promise<unknown>): Promise<unknown> {
  const caught = running.then(
    () => undefined,
    (error: unknown) => error,
  )
  await platform.advance(60_000)
  return caught
}

describe('a transaction', () => {
  it('commits what its function has done, and gives what that returned', async () => {
    expect(await run((client) => client.query('work').then(() => 7))).toBe(7)
    expect(log).toEqual(['BEGIN', 'work', 'COMMIT', 'released'])
  })

  it.each([new Error('mine'), 'a text', undefined, server('23505')])(
    'rolls back and rethrows what its function threw, unchanged: %s',
    async (thrown) => {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- applications throw what they like
      const fn = (): Promise<never> => Promise.reject(thrown)
      expect(await failureOf(run(fn, { retries: 3 }))).toBe(thrown)
      expect(log).toEqual(['BEGIN', 'ROLLBACK', 'released'])
    },
  )

  it('closes the connection when ROLLBACK fails', async () => {
    answers = [{ ROLLBACK: new Error('gone') }]
    const mine = new Error('mine')
    expect(await failureOf(run(() => Promise.reject(mine)))).toBe(mine)
    expect(log).toEqual(['BEGIN', 'ROLLBACK', 'closed: gone'])
  })

  it('closes the connection when BEGIN fails, and runs nothing', async () => {
    answers = [{ BEGIN: new Error('gone') }]
    expect(await failureOf(run(() => log.push('ran'), { retries: 3 }))).toMatchObject({ message: 'gone' })
    expect(log).toEqual(['BEGIN', 'closed: gone'])
  })

  it('tells when COMMIT could only roll back', async () => {
    answers = [{ COMMIT: { command: 'ROLLBACK' } }]
    const error = await failureOf(run(() => 7, { retries: 3 }))
    expect(error).toMatchObject({ code: 'SWITCHYARD_TRANSACTION_ABORTED', outcome: 'rolled-back' })
    expect(log).toEqual(['BEGIN', 'COMMIT', 'released'])
  })

  it('release is not the function’s business, and is itself again behind', async () => {
    const before = new FakeClient([], {}).release.toString()
    await run((client) => expect(() => client.release()).toThrow(/do not release it/))
    expect(clients[0]?.release.toString()).toBe(before)
    expect(log.filter((line) => line === 'released')).toHaveLength(1)
  })
})

describe('a transaction that PostgreSQL gave up', () => {
  it.each(['40001', '40P01'])('%s in a statement: runs again, at most as often as allowed', async (code) => {
    let calls = 0
    const fn = (): never => {
      calls += 1
      throw server(code)
    }
    expect(await failureOf(run(fn, { retries: 2 }))).toMatchObject({ code })
    expect(calls).toBe(3)
    expect(clients).toHaveLength(3)
    expect([platform.pendingTimers, platform.heldOpen]).toEqual([0, 0])
  })

  it('never without being asked to', async () => {
    expect(await failureOf(run(() => Promise.reject(server('40001'))))).toMatchObject({ code: '40001' })
    expect(clients).toHaveLength(1)
  })

  it('in COMMIT: runs again, for the server has said that nothing of it stays', async () => {
    answers = [{ COMMIT: server('40001') }, {}]
    const running = run(() => 7, { retries: 1 })
    await platform.advance(1000)
    expect(await running).toBe(7)
    expect(log).toEqual(['BEGIN', 'COMMIT', 'released', 'BEGIN', 'COMMIT', 'released'])
  })

  it('wrapped in an error of an ORM: is found', async () => {
    const wrapped = new Error('query failed', { cause: new Error('inner', { cause: server('40001') }) })
    expect(await failureOf(run(() => Promise.reject(wrapped), { retries: 1 }))).toBe(wrapped)
    expect(clients).toHaveLength(2)
  })

  it('waits before it runs again, longer each time, and not as long as others', async () => {
    platform.scriptRandom(0, 0.5, 0)
    const begunAtMs: number[] = []
    const fn = (): never => {
      begunAtMs.push(platform.now() - 1_000_000)
      throw server('40001')
    }
    await failureOf(run(fn, { retries: 3 }))
    expect(begunAtMs).toEqual([0, 20, 20 + 40 * 0.75, 50 + 80])
  })

  it('never when the outcome of COMMIT is unknown', async () => {
    const lost = [
      new Error('Connection terminated unexpectedly'),
      server('57P01'),
      new Error('Query read timeout'),
    ]
    for (const error of lost) {
      log.length = 0
      answers = [{ COMMIT: error }]
      expect(await failureOf(run(() => 7, { retries: 3 }))).toBe(error)
      expect(outcomeOf(error)).toBe('unknown')
      expect(log).toEqual(['BEGIN', 'COMMIT', `closed: ${error.message}`])
    }
  })

  it('nor when it was noted so, whatever the code', async () => {
    const error = withOutcome(server('40001'), 'unknown')
    expect(await failureOf(run(() => Promise.reject(error), { retries: 3 }))).toBe(error)
    expect(clients).toHaveLength(1)
  })

  it('nor when the function has ended the transaction by itself', async () => {
    const fn = (client: PoolClient): never => {
      Object.assign(client, { status: 'I' })
      throw server('40001')
    }
    expect(await failureOf(run(fn, { retries: 3 }))).toMatchObject({ code: '40001' })
    expect(clients).toHaveLength(1)
  })
})
