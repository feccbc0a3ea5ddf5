import { DatabaseError, type PoolClient } from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import type { SideQuery } from './exchange.ts'
import type { Lanes } from './lanes.ts'
import { NamedReads } from './named-reads.ts'
import { PreparedStatements } from './prepared-statements.ts'
import type { Ride, ShareableRead } from './shareable-read.ts'
import { SharedReads } from './shared-reads.ts'

/** A connection that answers when it is told to. */
class FakeConnection {
  pipeline = false
  readonly connection = {
    parsedStatements: {} as Record<string, string>,
    submittedNamedStatements: {},
    stream: { bytesRead: 0 },
  }
  readonly sent: string[] = []
  readonly #due: ((error: Error | null, result?: unknown) => void)[] = []
  readonly getTransactionStatus = (): string => 'I'

  get asClient(): PoolClient {
    return this as unknown as PoolClient
  }

  query(
    query: string | { readonly text: string; readonly name?: string },
    callback: (error: Error | null, result?: unknown) => void,
  ): void {
    const { text, name } = typeof query === 'string' ? { text: query, name: undefined } : query
    this.sent.push(name === undefined ? text : `${text} (named)`)
    this.#due.push((error, result) => {
      if (name !== undefined && !error) this.connection.parsedStatements[name] = text
      callback(error, result)
    })
  }

  answer(error: Error | null = null): void {
    this.#due.shift()?.(error, error ? undefined : 'rows')
  }
}

const LONG = `select ${'1 + '.repeat(5000)} 1`

let connection: FakeConnection
let cleaning: readonly SideQuery[]
let ends: unknown[]
/** Schema of the node; `undefined` while it is uncertain. */
let schema: string | undefined
let reads: SharedReads
let statements: PreparedStatements

beforeEach(() => {
  connection = new FakeConnection()
  statements = new PreparedStatements(connection.asClient, 1)
  cleaning = []
  ends = []
  schema = 'schema'
  const platform = new FakePlatform()
  reads = new SharedReads({
    platform,
    lanes: lanes as unknown as Lanes,
    named: new NamedReads(platform, () => schema),
    statementsOf: () => statements,
    prepareAfter: 0,
    cleaning: () => cleaning,
  })
})

const ride: Ride = { sentAtMs: 0, leave: () => {} }
let carries: boolean
const lanes = { withRoomFor: () => ({ ride: () => ride }), carriesWith: () => carries }

function read(text: string): ShareableRead {
  const common = { values: undefined, rowMode: undefined, types: undefined, binary: undefined }
  return { ...common, text, schema: 'schema', timeoutMs: undefined }
}

function send(text: string): void {
  reads.send(connection.asClient, read(text), (error, result) => ends.push(error ?? result))
}

it('rides when three runs over leases have shown that it is fast, and never with a long text', () => {
  const rider = { answered: () => {}, moved: () => {} }
  for (const text of ['a', LONG]) {
    for (let i = 0; i < 3; i++) {
      expect(reads.ride(read(text), rider)).toBeUndefined()
      send(text)
      connection.answer()
    }
    expect(reads.ride(read(text), rider)).toBe(text === LONG ? undefined : ride)
  }
})

it('joins others when it is known to be fast, and a lane carries some', () => {
  carries = true
  expect(reads.joins('a')).toBe(false)
  for (let i = 0; i < 3; i++) {
    send('a')
    connection.answer()
  }
  expect([reads.joins('a'), reads.joins('b'), reads.joins(LONG)]).toEqual([true, false, false])
  carries = false
  expect(reads.joins('a')).toBe(false)
})

describe('a read over a lease', () => {
  it.each(['a', LONG])('is sent in one round trip with what takes the settings of others away', (text) => {
    cleaning = [{ ask: 'RESET ALL', answered: (error) => error && { error } }]
    send(text)
    expect(connection.sent).toEqual(['RESET ALL', text === LONG ? LONG : 'a (named)'])
    for (let i = 0; i < 2; i++) connection.answer()
    expect([ends, connection.pipeline]).toEqual([['rows'], false])
  })

  it.each([undefined, 'another'])('has no name while the schema of its node is %s', (uncertain) => {
    schema = uncertain
    send('a')
    connection.answer()
    expect([connection.sent, ends]).toEqual([['a'], ['rows']])
  })

  it('fails where that fails, and its answer is thrown away', () => {
    const refused = new Error('refused')
    cleaning = [{ ask: 'RESET ALL', answered: (error) => error && { error } }]
    send('a')
    connection.answer(refused)
    expect(ends).toEqual([])
    connection.answer()
    expect(ends).toEqual([refused])
  })

  it('takes along what frees a name that is not needed any more', () => {
    send('a')
    connection.answer()
    send('b')
    expect(connection.pipeline).toBe(true)
    for (let i = 0; i < 2; i++) connection.answer()
    expect(connection.sent).toEqual([
      'a (named)',
      expect.stringMatching(/^deallocate switchyard_/),
      'b (named)',
    ])
    expect([ends, connection.pipeline]).toEqual([['rows', 'rows'], false])
  })

  it('is sent again without its name where that may be why it has failed', () => {
    send('a')
    const outdated = new DatabaseError('cached plan must not change result type', 1, 'error')
    connection.answer(Object.assign(outdated, { code: '0A000', severity: 'ERROR' }))
    expect(connection.sent).toEqual(['a (named)', 'a'])
    connection.answer()
    expect(ends).toEqual(['rows'])
  })
})
