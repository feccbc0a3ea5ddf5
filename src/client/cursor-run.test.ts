import { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import Cursor from 'pg-cursor'
import { beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { CursorRun, type CursorUse } from './cursor-run.ts'

const MESSAGES = ['parse', 'bind', 'describe', 'execute', 'flush', 'close', 'sync'] as const

/** A connection as node-postgres has it, as far as a cursor and its query object use it. */
class FakeConnection extends EventEmitter {
  readonly sent: string[] = []

  constructor() {
    super()
    for (const name of MESSAGES) Object.assign(this, { [name]: () => this.sent.push(name) })
  }
}

/** A client that submits at once what it is given. */
class FakeClient extends EventEmitter {
  readonly connection = new FakeConnection()
  _queryable = true
  sending: Record<string, (...args: unknown[]) => void> = {}

  query(sending: FakeClient['sending']): void {
    this.sending = sending
    sending['submit']?.(this.connection)
  }

  columns(): void {
    const message = { fields: [{ name: 'id', dataTypeID: 23, format: 'text' }] }
    this.sending['handleRowDescription']?.(message)
    this.connection.emit('rowDescription', message)
  }

  row(value: string): void {
    this.sending['handleDataRow']?.({ fields: [value] })
  }

  ready(): void {
    this.sending['handleReadyForQuery']?.(this.connection)
    this.connection.emit('readyForQuery')
  }

  fail(error: Error): void {
    this.sending['handleError']?.(error, this.connection)
  }

  lose(): void {
    this._queryable = false
    this.fail(new Error('Connection terminated unexpectedly'))
    this.emit('end')
  }
}

const OPENED = ['parse', 'bind', 'describe', 'flush']

let log: string[]
let cursor: Cursor<{ id: number }>
let run: CursorRun
let one: FakeClient
let two: FakeClient
let takes: CursorUse['takes']

beforeEach(() => {
  log = []
  cursor = new Cursor('select id from items')
  const made = CursorRun.of(cursor)
  if (made === undefined) throw new Error('A cursor is not seen to be one')
  run = made
  run.whenEnded((lost) => log.push(lost === undefined ? 'ended' : `lost: ${lost.message}`))
  one = new FakeClient()
  two = new FakeClient()
  takes = () => undefined
})

const use: CursorUse = {
  begun: () => void log.push('begun'),
  ending: (error) => void log.push(`ending ${error?.message ?? 'well'}`),
  takes: (error) => takes(error),
}

function send(client: FakeClient): void {
  run.send(client as unknown as PoolClient, use)
}

const read = (rows: number): void => {
  cursor.read(rows, (error: Error | undefined, got: { id: number }[]) => {
    log.push(error ? `read failed: ${error.message}` : `read ${got.map(({ id }) => id).join(' ')}`)
  })
}
const close = (): void => {
  cursor.close((error: Error) => log.push(error ? `close failed: ${error.message}` : 'closed'))
}
const once = (what: string): number => log.filter((each) => each === what).length

describe('a cursor', () => {
  it('answers over its connection, and is ended by ReadyForQuery', async () => {
    send(one)
    read(5)
    one.columns()
    one.row('1')
    one.row('2')
    one.sending['handleCommandComplete']?.({ text: 'SELECT 2' })
    one.ready()
    await settle()
    expect(one.connection.sent).toEqual([...OPENED, 'execute', 'flush', 'close', 'sync'])
    expect(log).toContain('read 1 2')
    expect(log).toContain('ending well')
    expect(once('ended')).toBe(1)
  })

  it('is sent again as it was, with what has been asked of it meanwhile', () => {
    send(one)
    read(5)
    send(two)
    expect(two.connection.sent).toEqual([...OPENED, 'execute', 'flush'])
  })

  it('hears nothing of a connection that it has left', async () => {
    send(one)
    read(5)
    send(two)
    one.lose()
    one.columns()
    await settle()
    expect(log).toEqual([])
    two.columns()
    expect(log).toContain('begun')
  })

  it('stays once a row has come', () => {
    send(one)
    one.columns()
    read(5)
    expect(run.canMove).toBe(true)
    one.row('1')
    expect(run.canMove).toBe(false)
  })

  it('an error that is taken is not told, and another connection can have it', async () => {
    takes = (error) => () => void log.push(`moved for ${error.message}`)
    send(one)
    read(5)
    one.lose()
    await settle()
    expect(log).toEqual(['moved for Connection terminated unexpectedly'])
    expect(run.canMove).toBe(true)
  })
})

describe('a cursor that is closed', () => {
  it('before it is sent has ended', async () => {
    read(5)
    close()
    close()
    await settle()
    expect(run.isEnded).toBe(true)
    expect(once('ended')).toBe(1)
    expect(once('closed')).toBe(2)
    expect(once('read ')).toBe(1)
  })

  it('before its first row ends with ReadyForQuery', async () => {
    send(one)
    close()
    expect(run.isEnded).toBe(false)
    one.columns()
    one.ready()
    await settle()
    expect(one.connection.sent).toEqual([...OPENED, 'close', 'sync'])
    expect(once('ended')).toBe(1)
    expect(once('closed')).toBe(1)
  })

  it('behind its error is closed, also a second time', async () => {
    send(one)
    one.columns()
    one.fail(new Error('division by zero'))
    one.ready()
    close()
    close()
    await settle()
    expect(once('ended')).toBe(1)
    expect(once('closed')).toBe(2)
  })

  it.each(['before its first row', 'with rows on the way'])('%s, and loses its server then', async (when) => {
    send(one)
    if (when !== 'before its first row') {
      one.columns()
      read(5)
      one.row('1')
    }
    close()
    one.lose()
    await settle()
    expect(once('closed')).toBe(1)
    expect(run.isEnded).toBe(true)
  })

  it('while it moves goes nowhere any more', async () => {
    takes = () => () => void log.push('moved')
    send(one)
    one.lose()
    close()
    await settle()
    expect(log).toEqual(['moved', 'ended', 'closed'])
    expect(() => send(two)).toThrow('The cursor has ended')
  })
})

describe('a cursor whose server is lost', () => {
  const lost = 'Connection terminated unexpectedly'

  it.each<[string, (client: FakeClient) => void]>([
    ['which says so', (client) => client.lose()],
    ['without a word', (client) => client.emit('end')],
  ])('ends with the error, once, %s', async (_name, lose) => {
    send(one)
    one.columns()
    read(5)
    one.row('1')
    lose(one)
    one.emit('end')
    await settle()
    expect(once(`read failed: ${lost}`)).toBe(1)
    expect(once(`lost: ${lost}`)).toBe(1)
  })

  it('has ended when its connection does, behind a FATAL error', async () => {
    send(one)
    one.columns()
    read(5)
    one.row('1')
    one.fail(new Error('terminating connection'))
    expect(run.isEnded).toBe(false)
    one.emit('end')
    await settle()
    expect(once('read failed: terminating connection')).toBe(1)
    expect(run.isEnded).toBe(true)
  })

  it('gives the last rows no good end when the server has not said that it is ready', async () => {
    send(one)
    one.columns()
    read(5)
    one.row('1')
    one.sending['handleCommandComplete']?.({ text: 'SELECT 1' })
    one.lose()
    await settle()
    expect(once(`read failed: ${lost}`)).toBe(1)
    expect(run.isEnded).toBe(true)
  })
})

it('another query object is no cursor, nor one that was submitted before', () => {
  expect(CursorRun.of({ submit: () => {} })).toBeUndefined()
  expect(CursorRun.of(cursor)).toBeUndefined()
})
