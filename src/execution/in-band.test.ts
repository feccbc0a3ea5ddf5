import type { PoolClient } from 'pg'
import { describe, expect, it } from 'vitest'
import { observed, replicaView, up } from '../../test/support/views.ts'
import type { Position } from '../consistency/position.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Send } from './execution.ts'
import { BEHIND, inBand } from './in-band.ts'

const wanted: Position = { systemIdentifier: '7000', timeline: 2, lsn: 0x2000n }
const onTimeline = (timeline: number | undefined): NodeView =>
  replicaView('r', undefined, {
    state: up(observed('replica', '0/1000', timeline === undefined ? {} : { timeline })),
  })

const read: Send = (client, done) => void client.query('select 1', done as never)
const serverError = Object.assign(new Error('relation "t" does not exist'), {
  code: '42P01',
  severity: 'ERROR',
})

interface Server {
  readonly pid?: number
  readonly lsn?: string | null
  readonly progressError?: Error
  readonly readError?: Error
}

/** A connection that answers in the order of the questions, a moment later. Notes what was sent, and how. */
class FakeConnection {
  readonly processID = 42
  readonly sent: string[] = []
  readonly #server: Server
  readonly #due: (() => void)[] = []

  constructor(server: Server, isPipelining: boolean) {
    this.#server = server
    if (isPipelining) Object.assign(this, { pipeline: false })
  }

  query(
    config: { readonly text?: string } | string,
    callback: (error?: Error, result?: unknown) => void,
  ): void {
    const isProgress = typeof config === 'object'
    this.sent.push(`${isProgress ? 'progress' : 'read'}${Reflect.get(this, 'pipeline') ? ' ahead' : ''}`)
    const { pid = 42, lsn = '0/2000', progressError, readError } = this.#server
    this.#due.push(() => {
      if (isProgress) callback(progressError, progressError ? undefined : { rows: [[pid, lsn]] })
      else callback(readError, readError ? undefined : 'rows')
    })
  }

  answerAll(): void {
    for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) next()
  }
}

function run(server: Server, node = onTimeline(2), isPipelining = true): { sent: string[]; ends: unknown[] } {
  const connection = new FakeConnection(server, isPipelining)
  const ends: unknown[] = []
  inBand(
    read,
    node,
    wanted,
  )(connection as unknown as PoolClient, (error, result) => ends.push(error ?? result))
  connection.answerAll()
  if (isPipelining) expect(Reflect.get(connection, 'pipeline')).toBe(false)
  return { sent: connection.sent, ends }
}

describe('inBand', () => {
  it('sends both at once, and gives the answer of a replica that is there', () => {
    expect(run({})).toEqual({ sent: ['progress ahead', 'read ahead'], ends: ['rows'] })
  })

  it.each<[string, Server, NodeView?]>([
    ['behind by a byte', { lsn: '0/1FFF' }],
    ['that cannot tell', { lsn: null }],
    ['that answers nonsense', { lsn: 'nowhere' }],
    ['behind a pooler: another process answers', { pid: 43 }],
    ['on an older timeline', {}, onTimeline(1)],
    ['whose timeline is not known', {}, onTimeline(undefined)],
    ['that has no such table yet', { lsn: '0/1000', readError: serverError }],
    ['that cannot be asked', { progressError: serverError }],
  ])('throws away the answer of one %s', (_name, server, node) => {
    expect(run(server, node).ends).toEqual([BEHIND])
  })

  it('asks a pooler once', () => {
    const connection = new FakeConnection({ pid: 43 }, true)
    const ends: unknown[] = []
    const send = inBand(read, onTimeline(2), wanted)
    for (let i = 0; i < 2; i++) {
      send(connection as unknown as PoolClient, (error, result) => ends.push(error ?? result))
      connection.answerAll()
    }
    expect(ends).toEqual([BEHIND, BEHIND])
    expect(connection.sent).toEqual(['progress ahead', 'read ahead'])
  })

  it.each<[string, Server, Error]>([
    ['an error of the read, on a replica that is there', { readError: serverError }, serverError],
    [
      'an error of the connection, whatever is known',
      { lsn: '0/1000', readError: new Error('read ECONNRESET') },
      new Error('read ECONNRESET'),
    ],
  ])('gives %s', (_name, server, error) => {
    expect(run(server).ends).toEqual([error])
  })

  it.each<[string, Server, readonly string[], readonly unknown[]]>([
    ['there', {}, ['progress', 'read'], ['rows']],
    ['behind', { lsn: '0/1000' }, ['progress'], [BEHIND]],
    ['that cannot be asked', { progressError: serverError }, ['progress'], [BEHIND]],
    ['lost', { progressError: new Error('read ECONNRESET') }, ['progress'], [new Error('read ECONNRESET')]],
  ])('asks first where it cannot send ahead: %s', (_name, server, sent, ends) => {
    expect(run(server, onTimeline(2), false)).toEqual({ sent, ends })
  })
})
