import { EventEmitter } from 'node:events'
import { DatabaseError, type PoolClient } from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakePlatform, settle } from '../../test/support/fake-platform.ts'
import { Lane, type LaneOptions } from './lane.ts'
import { Lanes, type LanesPool } from './lanes.ts'
import { NamedReads } from './named-reads.ts'
import type { ShareableRead, Ride } from './shareable-read.ts'
import { PreparedStatements } from './prepared-statements.ts'
import { ShapeBook, type TextRecord } from './shape-book.ts'

type Callback = (error: Error | null, result?: unknown) => void

/** A pipelined connection that answers when it is told to. */
class FakeConnection extends EventEmitter {
  status = 'I'
  readonly getTransactionStatus = (): string => this.status
  pipeline = false
  readonly connectionParameters: { query_timeout?: number | false } = { query_timeout: 700 }
  readonly connection = {
    parsedStatements: {} as Record<string, string>,
    submittedNamedStatements: {},
    stream: { bytesRead: 0, cork() {}, uncork() {}, destroy: () => (this.isDestroyed = true) },
  }
  readonly sent: { text: string; name?: string; callback: Callback }[] = []
  readonly releases: unknown[] = []
  isDestroyed = false

  query(query: { text: string; name?: string }, callback: Callback): void {
    this.sent.push({ ...query, callback })
  }

  /** Answers the first one in flight. */
  answer(result: unknown, error: Error | null = null): void {
    const first = this.sent.shift()
    if (first?.name !== undefined) this.connection.parsedStatements[first.name] = first.text
    first?.callback(error, result)
  }

  release(error?: unknown): void {
    this.releases.push(error)
  }

  get asClient(): PoolClient {
    return this as unknown as PoolClient
  }
}

const LIMITS = { workMs: 1, maxInFlight: 4, maxUses: Infinity, allowExitOnIdle: false }

let connection: FakeConnection
let platform: FakePlatform
let log: string[]
let lane: Lane
let book: ShapeBook
let isWanted: boolean
let isExpired: boolean

function options(more: Partial<LaneOptions> = {}): LaneOptions {
  return {
    platform,
    named: new NamedReads(platform, () => 'schema'),
    statements: new PreparedStatements(connection.asClient, 10),
    limits: LIMITS,
    pool: { isWanted: () => isWanted, isExpired: () => isExpired },
    over: (_lane, error) => void log.push(error === undefined ? 'over' : `lost idle: ${error.message}`),
    ...more,
  }
}

beforeEach(() => {
  connection = new FakeConnection()
  platform = new FakePlatform()
  log = []
  isWanted = isExpired = false
  book = new ShapeBook(Infinity)
  lane = new Lane(connection.asClient, options())
})

const read = (text: string, timeoutMs?: number): ShareableRead => ({
  text,
  values: undefined,
  rowMode: undefined,
  types: undefined,
  binary: undefined,
  schema: 'schema',
  timeoutMs,
})

function ride(text: string, timeoutMs: number | undefined = 60_000, record?: TextRecord): Ride {
  return lane.ride(read(text, timeoutMs), record ?? book.of(text), {
    answered: (error, result) => void log.push(`${text}: ${error ? error.message : String(result)}`),
    moved: () => void log.push(`${text} moved`),
  })
}

describe('reads on a lane', () => {
  it('are all sent at once, and each gets its own answer', () => {
    for (const text of ['a', 'b', 'c']) ride(text)
    expect(connection.sent.map(({ text }) => text)).toEqual(['a', 'b', 'c'])
    connection.answer(1)
    connection.answer(undefined, new DatabaseError('division by zero', 10, 'error'))
    connection.answer(3)
    expect(log).toEqual(['a: 1', 'b: division by zero', 'c: 3'])
  })

  it('are bounded in number, and by what they cost', () => {
    expect(lane.hasRoomFor(100)).toBe(true)
    ride('a')
    expect([lane.hasRoomFor(0.9), lane.hasRoomFor(0.95)]).toEqual([true, false])
    for (const text of ['b', 'c', 'd']) ride(text)
    expect(lane.hasRoomFor(0)).toBe(false)
    connection.answer(1)
    expect(lane.hasRoomFor(0)).toBe(true)
  })

  it('leave a connection behind that is as it was', async () => {
    expect(connection).toMatchObject({ pipeline: true, connectionParameters: { query_timeout: false } })
    ride('a')
    lane.close()
    expect(connection.releases).toEqual([])
    connection.answer(1)
    lane.close()
    expect(connection).toMatchObject({
      pipeline: false,
      connectionParameters: { query_timeout: 700 },
      releases: [false],
    })
    expect([log, platform.pendingTimers]).toEqual([['a: 1', 'over'], 0])
    expect(connection.eventNames()).toEqual([])
  })
})

describe('a lane with nothing in flight', () => {
  it('is given back after a while', async () => {
    ride('a')
    connection.answer(1)
    await platform.advance(900)
    expect(log).toEqual(['a: 1'])
    await platform.advance(300)
    expect(log).toEqual(['a: 1', 'over'])
  })

  it('is given back at once to who waits for a connection', () => {
    ride('a')
    isWanted = true
    lane.yield()
    expect(log).toEqual([])
    connection.answer(1)
    expect(log).toEqual(['a: 1', 'over'])
  })

  it('is given back when a connection has come to the end of its life', async () => {
    isExpired = true
    ride('a')
    connection.answer(1)
    await platform.advance(100)
    expect(log).toEqual(['a: 1', 'over'])
  })

  it('is closed when it has been used often enough', () => {
    lane = new Lane(connection.asClient, options({ limits: { ...LIMITS, maxUses: 2 } }))
    ride('a')
    connection.answer(1)
    ride('b')
    connection.answer(2)
    expect(connection.releases).toEqual([true])
  })

  it('that is lost is reported', () => {
    connection.emit('error', new Error('read ECONNRESET'))
    connection.emit('end')
    expect(log).toEqual(['lost idle: read ECONNRESET'])
    expect(connection.releases).toHaveLength(1)
  })
})

describe('a lane whose first read has no answer', () => {
  it('lets the others go on over leases, and takes no more until it has one', async () => {
    for (const text of ['slow', 'b', 'c']) ride(text)
    await platform.advance(50)
    expect(log).toEqual([])
    await platform.advance(10)
    expect(log).toEqual(['b moved', 'c moved'])
    expect(lane.isOpen).toBe(false)
    for (const result of [1, 2, 3]) connection.answer(result)
    expect(log).toEqual(['b moved', 'c moved', 'slow: 1'])
    expect(lane.isOpen).toBe(true)
  })

  it.each([0, 3000])('waits for it when this process was the one that slept, %i ms', async (ms) => {
    for (const text of ['a', 'b']) ride(text)
    platform.sleep(ms)
    await platform.advance(52)
    connection.answer(1)
    await platform.advance(10)
    expect(log).toEqual(['a: 1'])
    expect(lane.isOpen).toBe(true)
  })

  it('sees so too when it had rested', async () => {
    await platform.advance(500)
    for (const text of ['slow', 'b']) ride(text)
    await platform.advance(60)
    expect(log).toEqual(['b moved'])
  })
})

describe('query_timeout on a lane', () => {
  it('answers the caller; the others go on over leases; and the connection is closed, with no cancel request', async () => {
    ride('slow', 30)
    ride('b')
    await platform.advance(30)
    expect(log).toEqual(['slow: Query read timeout', 'b moved', 'over'])
    expect(connection).toMatchObject({ isDestroyed: true, releases: [true] })
  })

  it('of one that waits behind others leaves those to their answers', async () => {
    ride('a')
    ride('b', 30)
    await platform.advance(30)
    expect(log).toEqual(['b: Query read timeout'])
    connection.answer(1)
    expect(log).toEqual(['b: Query read timeout', 'a: 1', 'over'])
    expect(connection.releases).toEqual([true])
  })

  it('is the connection’s own where the query has none', async () => {
    lane.ride(read('a'), book.of('a'), {
      answered: (error) => void log.push(String(error?.message)),
      moved: () => {},
    })
    await platform.advance(49)
    await platform.advance(700)
    expect(log).toEqual(['Query read timeout', 'over'])
  })
})

describe('a lane that is lost', () => {
  it('fails one of its reads; the others have only lost time', () => {
    for (const text of ['a', 'b', 'c']) ride(text)
    connection.emit('error', new Error('read ECONNRESET'))
    const waiting = connection.sent.splice(0)
    for (const { callback } of waiting) callback(new Error('read ECONNRESET'))
    expect(log).toEqual(['over', 'a: read ECONNRESET', 'b moved', 'c moved'])
  })
})

describe('a read whose caller does not wait any more', () => {
  it('comes to its end by itself', () => {
    const left = ride('a')
    ride('b')
    left.leave()
    connection.answer(1)
    connection.answer(2)
    expect(log).toEqual(['b: 2'])
  })

  it('holds up no lane that is to be closed', () => {
    const left = ride('a')
    lane.close()
    left.leave()
    expect(log).toEqual(['over'])
    expect(connection.isDestroyed).toBe(true)
  })
})

describe('a name on a lane', () => {
  const outdated = (): Error => {
    const fields = { code: '0A000', severity: 'ERROR', routine: 'RevalidateCachedQuery' }
    return Object.assign(new DatabaseError('cached plan must not change result type', 10, 'error'), fields)
  }

  it('that fails is freed, and its reads run again without; neighbours hear nothing of it', () => {
    book = new ShapeBook(1)
    const record = book.of('a')
    record.plan?.ran(false, 1)
    ride('a', undefined, record)
    connection.answer(1)
    ride('a', undefined, record)
    ride('b')
    connection.answer(undefined, outdated())
    expect(connection.sent.map(({ text, name }) => [text, name])).toEqual([
      ['b', undefined],
      ['a', undefined],
      [`deallocate ${record.name}_schema`, undefined],
    ])
    connection.answer(2)
    connection.answer(3)
    expect(log).toEqual(['a: 1', 'b: 2', 'a: 3'])
  })

  it('is still being freed when the lane is closed: no other caller gets the connection, and with it that answer', () => {
    book = new ShapeBook(1)
    const record = book.of('a')
    record.plan?.ran(false, 1)
    ride('a', undefined, record)
    connection.answer(1)
    ride('a', undefined, record)
    connection.answer(undefined, outdated())
    expect(connection.sent).toHaveLength(2)
    lane.close()
    connection.answer(2)
    expect(connection.sent).toHaveLength(1)
    expect([connection.isDestroyed, connection.releases]).toEqual([true, [true]])
  })
})

describe('an empty lane that has been given back', () => {
  it('keeps the process alive for the connection’s current holder', () => {
    let isAlive = true
    Object.assign(connection, { ref: () => (isAlive = true), unref: () => (isAlive = false) })
    lane = new Lane(connection.asClient, options({ limits: { ...LIMITS, allowExitOnIdle: true } }))
    const mine: Ride | undefined = lane.ride(read('a', 60_000), book.of('a'), {
      answered: () => mine?.leave(),
      moved: () => {},
    })
    lane.close()
    connection.answer(1)
    expect(connection.releases).toHaveLength(1)
    expect(isAlive).toBe(true)
  })
})

describe('lanes', () => {
  let opened: FakeConnection[]
  let lanes: Lanes
  let status: string

  beforeEach(() => {
    opened = []
    status = 'I'
    lanes = lanesOver((callback) => {
      const client = Object.assign(new FakeConnection(), { status })
      opened.push(client)
      callback(undefined, client.asClient)
    })
  })

  const lanesOver = (lease: LanesPool['lease']): Lanes =>
    new Lanes({
      ...options(),
      statementsOf: (client) => new PreparedStatements(client, 10),
      most: 2,
      cleaning: () => [],
      pool: {
        ...options().pool,
        lease,
        lostIdle: () => {},
        unavailable: () => void log.push('unavailable'),
      },
    })

  const tryRide = (): boolean => {
    const record = book.of('a')
    const rider = { answered: () => {}, moved: () => {} }
    return lanes.withRoomFor(record.shape.costMs)?.ride(read('a', 60_000), record, rider) !== undefined
  }

  it('are filled one after the other; what finds no room goes over a lease', () => {
    const rode = Array.from({ length: 12 }, tryRide)
    // The read that opens a lane does not wait for it.
    expect(rode.map((rides) => (rides ? 'r' : '-')).join('')).toBe('-rrrr-rrrr--')
    expect(opened.map(({ sent }) => sent.length)).toEqual([4, 4])
    opened[0]?.answer(1)
    expect(tryRide()).toBe(true)
    expect(opened.map(({ sent }) => sent.length)).toEqual([4, 4])
  })

  it('are new ones when the way to the node is broken', () => {
    tryRide()
    tryRide()
    lanes.renew()
    tryRide()
    tryRide()
    expect(opened.map(({ sent }) => sent.length)).toEqual([1, 1])
    opened[0]?.answer(1)
    expect(opened[0]?.releases).toEqual([false])
  })

  it('are opened no more after the end', async () => {
    lanes.close()
    expect([tryRide(), opened]).toEqual([false, []])
    await settle()
  })

  it('take no connection on which a transaction was begun', () => {
    status = 'T'
    expect([tryRide(), tryRide()]).toEqual([false, false])
    expect(opened.map(({ releases }) => releases)).toEqual([[undefined], [undefined]])
  })

  it('are not available where node-postgres cannot pipeline, which is reported once', () => {
    const old = new EventEmitter() as unknown as PoolClient
    Object.assign(old, { release: () => log.push('released'), getTransactionStatus: () => 'I' })
    const none = lanesOver((callback) => callback(undefined, old))
    for (let i = 0; i < 3; i++) expect(none.withRoomFor(0.1)).toBeUndefined()
    expect(log).toEqual(['released', 'unavailable'])
  })
})
