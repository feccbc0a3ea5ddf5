import { EventEmitter } from 'node:events'
import { DatabaseError, type PoolClient } from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { isBroken } from '../nodes/is-broken.ts'
import { ExclusiveConnection, type ExclusiveStatement } from './exclusive.ts'
import type { Done, Send } from './execution.ts'

/** Keeps what node-postgres keeps of its health, and emits its events. */
class FakeConnection extends EventEmitter {
  _queryable = true
  _ending = false

  get asClient(): PoolClient {
    return this as unknown as PoolClient
  }
}

let connection: FakeConnection
let exclusive: ExclusiveConnection
let answer: Done
let log: string[]

const statement: ExclusiveStatement = {
  send: (_client, done) => (answer = done),
  answered: (error, result) => void log.push(error ? `error ${error.message}` : `result ${String(result)}`),
  idle: () => void log.push('idle'),
}

function run(send: Send = statement.send): void {
  exclusive.run({ ...statement, send })
}

function serverError(): Error {
  return new DatabaseError('division by zero', 100, 'error')
}

beforeEach(() => {
  connection = new FakeConnection()
  exclusive = new ExclusiveConnection(connection.asClient)
  log = []
})

describe('ExclusiveConnection', () => {
  it('an answer is given at once; idle is when the server says so', () => {
    run()
    answer(undefined, 'rows')
    expect(log).toEqual(['result rows'])
    connection.emit('drain')
    expect(log).toEqual(['result rows', 'idle'])
  })

  it('an error of the server waits until the transaction status is true', () => {
    run()
    answer(serverError())
    expect(log).toEqual([])
    connection.emit('drain')
    expect(log).toEqual(['idle', 'error division by zero'])
  })

  it('an error of the client does not wait: the server may take its time', () => {
    run()
    answer(new Error('Query read timeout'))
    expect(log).toEqual(['error Query read timeout'])
    connection.emit('drain')
    expect(log).toEqual(['error Query read timeout', 'idle'])
  })

  it('a drain before the answer belongs to other queries', () => {
    run()
    connection.emit('drain')
    expect(log).toEqual([])
    answer(undefined, 'rows')
    connection.emit('drain')
    expect(log).toEqual(['result rows', 'idle'])
  })

  it('the end of the connection is idle too: nothing more will come', () => {
    run()
    answer(serverError())
    connection.emit('end')
    expect(log).toEqual(['idle', 'error division by zero'])
  })

  it('the end of the connection before the answer does not go before it', () => {
    run()
    connection._queryable = false
    connection.emit('end')
    expect(log).toEqual([])
    answer(new Error('Connection terminated unexpectedly'))
    expect(log).toEqual(['error Connection terminated unexpectedly', 'idle'])
  })

  it.each([
    [
      'an error of the client',
      (): Error => new Error('Connection terminated'),
      ['error Connection terminated', 'idle'],
    ],
    ['an error of the server, as from a shutdown', serverError, ['idle', 'error division by zero']],
  ])('with a broken connection nothing waits for the server: %s', (_name, error, expected) => {
    run()
    connection._queryable = false
    answer(error())
    expect(log).toEqual(expected)
  })

  it.each([
    ['a second answer', (): void => answer(new Error('Connection terminated'))],
    ['a second drain', (): boolean => connection.emit('drain')],
    ['an end after the drain', (): boolean => connection.emit('end')],
  ])('%s is not heard', (_name, again) => {
    run()
    answer(undefined, 'rows')
    connection.emit('drain')
    again()
    expect(log).toEqual(['result rows', 'idle'])
  })

  it('an error thrown while sending is the answer, and nothing has to follow it', () => {
    run(() => {
      throw new TypeError('callback is not a function')
    })
    expect(log).toEqual(['error callback is not a function', 'idle'])
  })

  it('an error thrown while sending over a broken connection makes it idle once', () => {
    connection._queryable = false
    run(() => {
      throw new Error('Client has encountered a connection error and is not queryable')
    })
    expect(log).toEqual(['error Client has encountered a connection error and is not queryable', 'idle'])
  })

  it('a statement that runs when the connection is returned is notified of its end', async () => {
    run()
    exclusive.close()
    connection.emit('end')
    await new Promise((resolve) => process.nextTick(resolve))
    expect(log).toEqual(['error Connection terminated unexpectedly', 'idle'])
  })

  it('one statement after the other over the same connection', () => {
    run()
    answer(undefined, 1)
    connection.emit('drain')
    run()
    answer(undefined, 2)
    connection.emit('drain')
    expect(log).toEqual(['result 1', 'idle', 'result 2', 'idle'])
  })
})

describe('an error that a handler takes over', () => {
  let asked: string[]
  const runTaken = (isTaken: boolean): void => {
    asked = []
    const takesOver = (error: Error): boolean => {
      asked.push(error.message)
      return isTaken
    }
    exclusive.run({ ...statement, takesOver })
  }

  it('is handled once the server is ready, and then no listener receives it', () => {
    runTaken(true)
    answer(serverError())
    expect(asked).toEqual([])
    connection.emit('drain')
    connection.emit('drain')
    expect(asked).toEqual(['division by zero'])
    expect(log).toEqual([])
  })

  it('reaches the listener without a handler', () => {
    runTaken(false)
    answer(serverError())
    connection.emit('drain')
    expect(asked).toEqual(['division by zero'])
    expect(log).toEqual(['idle', 'error division by zero'])
  })

  it.each([
    ['an answer', (): void => answer(undefined, 'rows')],
    ['an error of the client', (): void => answer(new Error('Query read timeout'))],
  ])('is one of the server: %s is not asked about', (_name, happen) => {
    runTaken(true)
    happen()
    connection.emit('drain')
    expect(asked).toEqual([])
    expect(log).toHaveLength(2)
  })
})

describe('isBroken', () => {
  it.each([
    ['healthy', {}, false],
    ['after a socket error', { _queryable: false }, true],
    ['while it ends', { _ending: true }, true],
  ])('%s', (_name, health, expected) => {
    expect(isBroken(Object.assign(connection, health).asClient)).toBe(expected)
  })
})
