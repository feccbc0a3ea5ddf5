import type { PoolClient } from 'pg'
import { describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { server as serverError } from '../../test/support/execution-bench.ts'
import { replicaView } from '../../test/support/views.ts'
import type { Position } from '../consistency/position.ts'
import type { Reached } from '../selection/reached.ts'
import type { Observation } from '../topology/node.ts'
import { PROBE_SQL } from '../topology/probe.ts'
import type { Send } from './execution.ts'
import { BEHIND } from './in-band.ts'
import { isUnfit, PASSED_OVER, provenRead } from './proven-read.ts'

const node = replicaView('s', undefined, { isBalanced: true })
const read: Send = (client, done) => void client.query('select 1', done as never)
const lost = new Error('Connection terminated unexpectedly')

/**
 * A connection that answers in the order of the questions when it is told to; a replica that replays from answer to
 * answer.
 */
class FakeConnection {
  readonly processID = 42
  readonly sent: string[] = []
  pid = 42
  role = 'replica'
  server = 'x'
  lsn = 0x1000
  /** WAL that the replica has received and not replayed; `undefined` when no WAL receiver runs. */
  unreplayed: number | undefined = 0
  readError: Error | undefined
  readonly #due: (() => void)[] = []

  constructor(isPipelining: boolean) {
    if (isPipelining) Object.assign(this, { pipeline: false })
  }

  get asClient(): PoolClient {
    return this as unknown as PoolClient
  }

  query(
    config: { readonly text?: string } | string,
    callback: (error?: Error, result?: unknown) => void,
  ): void {
    const text = typeof config === 'string' ? config : config.text
    const what = text === 'select 1' ? 'read' : text === PROBE_SQL ? 'who' : 'how far'
    this.sent.push(`${what}${Reflect.get(this, 'pipeline') ? ' ahead' : ''}`)
    this.#due.push(() => {
      if (this.readError === lost) return callback(lost)
      if (what === 'read') return callback(this.readError, this.readError ? undefined : 'rows')
      const { pid, role, server, unreplayed } = this
      const received = unreplayed === undefined ? null : `0/${(this.lsn + unreplayed).toString(16)}`
      const lsn = `0/${(this.lsn++).toString(16)}`
      const row =
        what === 'who'
          ? [role, '7000', server, 'replayed', lsn, '1', received, null, 'shop app', String(pid)]
          : [role, lsn, null, server, received, String(pid)]
      callback(undefined, { rows: [row] })
    })
  }

  answerAll(): void {
    for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) next()
  }
}

interface Given {
  readonly isAhead?: boolean
  readonly isFollowed?: boolean
  readonly is?: Reached['is']
  readonly send?: Send
}

interface Ran {
  readonly ends: readonly unknown[]
  readonly judged: readonly Observation[]
  readonly upTo: readonly (Position | undefined)[]
}

function run(connection: FakeConnection, given: Given = {}): Ran {
  const { isAhead = true, isFollowed = true, is = 'fit', send = read } = given
  const ends: unknown[] = []
  const judged: Observation[] = []
  const upTo: (Position | undefined)[] = []
  const proven = provenRead({
    node,
    send,
    platform: new FakePlatform(),
    judge: (observation) => {
      judged.push(observation)
      return is === 'fit' ? { is, server: node } : { is }
    },
    isAhead,
    isFollowed,
    served: (_server, position) => upTo.push(position),
  })
  proven(connection.asClient, (error, result) => ends.push(error ?? result))
  connection.answerAll()
  return { ends, judged, upTo }
}

describe('a read through an address of several servers', () => {
  it('goes in one round trip with the questions in front of it and behind it', () => {
    const connection = new FakeConnection(true)
    const { ends, judged, upTo } = run(connection)
    expect(connection.sent).toEqual(['who ahead', 'read ahead', 'who ahead'])
    expect(ends).toEqual(['rows'])
    expect(judged).toMatchObject([{ role: 'replica', serverIdentity: '7000:x', lsn: 0x1000n, timeline: 1 }])
    expect(upTo).toEqual([{ systemIdentifier: '7000', timeline: 1, lsn: 0x1001n }])
    expect(Reflect.get(connection, 'pipeline')).toBe(false)
  })

  it.each<[string, number | undefined, bigint]>([
    ['the position, where nothing more was received', 0, 0x3n],
    ['the next record too, where it was received', 8, 0x4n],
    ['the next record too, where less was received than replayed', -1, 0x4n],
    ['the next record too, where no receiver runs', undefined, 0x4n],
  ])('has shown %s', (_name, unreplayed, offset) => {
    const connection = new FakeConnection(true)
    connection.unreplayed = unreplayed
    const first = run(connection)
    const second = run(connection)
    expect(first.upTo[0]?.lsn).toBe(0x1000n + offset - 2n)
    expect(second.upTo[0]?.lsn).toBe(0x1000n + offset)
  })

  it('asks who it is once, and then how far', () => {
    const connection = new FakeConnection(true)
    run(connection)
    connection.sent.length = 0
    const { judged } = run(connection, { isFollowed: false })
    expect(connection.sent).toEqual(['how far ahead', 'read ahead'])
    expect(judged).toMatchObject([{ serverIdentity: '7000:x', lsn: 0x1002n, timeline: 1 }])
  })

  it.each<[Reached['is'], symbol]>([
    ['behind', BEHIND],
    ['passed-over', PASSED_OVER],
  ])('is thrown away from a server that is %s', (is, end) => {
    for (const isAhead of [true, false]) {
      const connection = new FakeConnection(true)
      expect(run(connection, { is, isAhead })).toMatchObject({ ends: [end], upTo: [] })
      expect(connection.sent.includes('read')).toBe(false)
    }
  })

  it.each<Reached['is']>(['unfit', 'passed-over'])('asks everything again of a server that is %s', (is) => {
    const connection = new FakeConnection(true)
    run(connection, { is })
    connection.sent.length = 0
    run(connection, { isFollowed: false })
    expect(connection.sent).toEqual(['who ahead', 'read ahead'])
  })

  it.each<[string, (connection: FakeConnection) => void, Given?]>([
    ['is judged unfit', () => {}, { is: 'unfit' }],
    ['another process answers: there is a pooler', (connection) => (connection.pid = 43)],
    ['another server answers than before', (connection) => (connection.server = 'y')],
    ['has become a primary', (connection) => (connection.role = 'primary')],
  ])('costs the connection where the server %s', (_name, change, given) => {
    for (const isAhead of [true, false]) {
      const connection = new FakeConnection(true)
      run(connection)
      change(connection)
      const [end, ...more] = run(connection, { isAhead, ...given }).ends
      expect(isUnfit(end as Error)).toBe(true)
      expect(more).toEqual([])
    }
  })

  it.each([
    ['where it cannot be sent ahead', true, false],
    ['where it is not to be', false, true],
  ])('waits for the first answer %s', (_name, isAhead, isPipelining) => {
    const connection = new FakeConnection(isPipelining)
    expect(run(connection, { isAhead })).toMatchObject({ ends: ['rows'], upTo: [undefined] })
    expect(connection.sent).toEqual(['who', 'read'])
  })

  it('is bounded by nothing that was asked in front of it after all', () => {
    const connection = new FakeConnection(true)
    const later: Send = (client, done) => {
      client.query('set', () => read(client, done))
    }
    expect(run(connection, { send: later })).toMatchObject({ ends: ['rows'], upTo: [undefined] })
    expect(connection.sent.map((sent) => sent.split(' ')[0])).toEqual(['who', 'how', 'who', 'read'])
  })

  it('fails with the error of a server that is fit, and with that of the connection', () => {
    const connection = new FakeConnection(true)
    connection.readError = serverError('42P01')
    expect(run(connection)).toMatchObject({ ends: [connection.readError], upTo: [{ lsn: 0x1001n }] })
    // It has reached the server, and nothing is known of its answer.
    connection.readError = new Error('read ECONNRESET')
    expect(run(connection)).toMatchObject({ ends: [connection.readError], upTo: [] })
    connection.readError = lost
    for (const isAhead of [true, false]) expect(run(connection, { isAhead }).ends).toEqual([lost])
  })
})
