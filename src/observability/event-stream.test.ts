import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { channels, EVENT_NAMES, queryChannel } from './channels.ts'
import { EventStream } from './event-stream.ts'

let stream: EventStream
const listener = (): void => {}

beforeEach(() => {
  stream = new EventStream('db:5432/shop')
})

describe('single statements are heard', () => {
  test('only while there are listeners', () => {
    expect(stream.hearsStatements).toBe(false)
    stream.events.on('nodeChanged', listener)
    expect(stream.hearsStatements).toBe(false)
    stream.events.on('retry', listener)
    expect(stream.hearsStatements).toBe(true)
    stream.events.off('retry', listener)
    expect(stream.hearsStatements).toBe(false)
  })

  test('also after all listeners were removed', () => {
    stream.events.removeAllListeners()
    stream.events.once('execution', listener)
    expect(stream.hearsStatements).toBe(true)
  })

  test.each(['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const)('by a subscriber of %s', (name) => {
    queryChannel[name].subscribe(listener)
    expect(stream.hearsStatements).toBe(true)
    queryChannel[name].unsubscribe(listener)
    expect(stream.hearsStatements).toBe(false)
  })

  test('by a subscriber of a channel', () => {
    channels.wait.subscribe(listener)
    expect(stream.hearsStatements).toBe(true)
    channels.wait.unsubscribe(listener)
    expect(stream.hearsStatements).toBe(false)
  })
})

describe('an event', () => {
  const messages: unknown[] = []
  const note = (message: unknown): void => void messages.push(message)

  afterEach(() => {
    unsubscribe('pg-switchyard:nodeEjected', note)
    messages.length = 0
  })

  test('reaches the listeners of the pool, and the channel with the name of the pool', () => {
    const told: unknown[] = []
    stream.events.on('nodeEjected', (event) => told.push(event))
    subscribe('pg-switchyard:nodeEjected', note)
    stream.tell('nodeEjected', { node: 'a', forMs: 5 })
    expect(told).toEqual([{ node: 'a', forMs: 5 }])
    expect(messages).toEqual([{ pool: 'db:5432/shop', node: 'a', forMs: 5 }])
  })

  test('holds no value that an error may quote, whatever its name', () => {
    const cause = Object.assign(new Error('duplicate 4111'), {
      severity: 'ERROR',
      code: '23505',
      detail: '4111',
    })
    const told: unknown[] = []
    for (const name of EVENT_NAMES) {
      stream.events.on(name, (...args: readonly unknown[]) => told.push(args))
      stream.tell(name, { node: 'a', cause })
    }
    expect(told).toHaveLength(EVENT_NAMES.length)
    expect(inspect(told, { depth: 9, showHidden: true })).not.toContain('4111')
  })
})
