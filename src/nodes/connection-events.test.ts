import { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { listenTo, stopListening, type ConnectionListener } from './connection-events.ts'

let connection: EventEmitter
let client: PoolClient
let log: string[]

function listener(name: string): ConnectionListener {
  return { heard: (event, argument) => void log.push(`${name}: ${event} ${String(argument)}`) }
}

beforeEach(() => {
  connection = new EventEmitter()
  client = connection as unknown as PoolClient
  log = []
})

describe('listenTo', () => {
  it('passes events on, in the order of the calls', () => {
    listenTo(client, listener('a'))
    listenTo(client, listener('b'))
    connection.emit('notice', 'careful')
    connection.emit('drain')
    expect(log).toEqual([
      'a: notice careful',
      'b: notice careful',
      'a: drain undefined',
      'b: drain undefined',
    ])
  })

  it('passes nothing on any more behind stopListening, to this one alone', () => {
    const [a, b] = [listener('a'), listener('b')]
    listenTo(client, a)
    listenTo(client, b)
    stopListening(client, a)
    connection.emit('end')
    expect(log).toEqual(['b: end undefined'])
  })

  it('attaches one listener for each event, however often it is called', () => {
    for (const name of ['a', 'b', 'c']) {
      const each = listener(name)
      listenTo(client, each)
      stopListening(client, each)
    }
    expect(connection.eventNames().map((event) => connection.listenerCount(event))).toEqual([1, 1, 1, 1, 1])
  })

  it('keeps an error of an idle connection from ending the process', () => {
    const a = listener('a')
    listenTo(client, a)
    stopListening(client, a)
    connection.emit('error', new Error('lost'))
    expect(log).toEqual([])
  })

  it('hears events of which the application has a listener of its own', () => {
    connection.on('drain', () => {})
    listenTo(client, listener('a'))
    connection.emit('drain')
    expect(log).toEqual(['a: drain undefined'])
  })

  it.each(['drain', 'end', 'error', 'notice', 'notification'])(
    'attaches its listener of %s again when the application has removed it between two leases',
    (event) => {
      const a = listener('a')
      listenTo(client, a)
      stopListening(client, a)
      connection.removeAllListeners(event)
      listenTo(client, a)
      connection.emit(event, 'x')
      expect(log).toEqual([`a: ${event} x`])
    },
  )

  it('attaches them again when the application has removed all', () => {
    listenTo(client, listener('a'))
    connection.removeAllListeners()
    listenTo(client, listener('b'))
    connection.emit('end')
    expect(log).toEqual(['a: end undefined', 'b: end undefined'])
  })

  it('passes an event on to those who listened when it came', () => {
    const b = listener('b')
    const a: ConnectionListener = {
      heard: (event) => {
        log.push(`a: ${event}`)
        stopListening(client, b)
      },
    }
    listenTo(client, a)
    listenTo(client, b)
    connection.emit('end')
    connection.emit('end')
    expect(log).toEqual(['a: end', 'b: end undefined', 'a: end'])
  })

  it('stopListening without listening does nothing', () => {
    stopListening(client, listener('a'))
    expect(connection.eventNames()).toEqual([])
  })
})
