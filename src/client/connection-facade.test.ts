import { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import { expect, it } from 'vitest'
import { ConnectionFacade } from './connection-facade.ts'

const clientWith = (connection: EventEmitter): PoolClient => ({ connection }) as unknown as PoolClient

it('shows the messages of connections that it follows, from the first listener on', () => {
  const facade = new ConnectionFacade(() => {})
  const one = new EventEmitter()
  const other = new EventEmitter()
  facade.follow(clientWith(one))
  expect(facade.isHeard).toBe(false)
  expect(one.eventNames()).toEqual([])
  const heard: unknown[] = []
  facade.on('rowDescription', (message) => heard.push(message))
  expect(facade.isHeard).toBe(true)
  one.emit('rowDescription', 1)
  facade.follow(clientWith(other))
  facade.follow(clientWith(other))
  other.emit('rowDescription', 2)
  facade.leave(clientWith(one))
  one.emit('rowDescription', 3)
  expect(heard).toEqual([1, 2])
  facade.leave(clientWith(other))
  expect([one.eventNames(), other.eventNames()]).toEqual([[], []])
})

it('and to the last one', () => {
  const facade = new ConnectionFacade(() => {})
  const connection = new EventEmitter()
  facade.follow(clientWith(connection))
  const [one, other] = [(): void => {}, (): void => {}]
  facade.on('parameterStatus', one)
  facade.on('parameterStatus', other)
  facade.removeListener('parameterStatus', one)
  expect(facade.isHeard).toBe(true)
  facade.removeListener('parameterStatus', other)
  expect(facade.isHeard).toBe(false)
  expect(connection.eventNames()).toEqual([])
})

it('takes no errors and ends of connections for its own, and no client without a connection', () => {
  const facade = new ConnectionFacade(() => {})
  const connection = new EventEmitter()
  facade.on('error', () => {})
  facade.on('end', () => {})
  facade.follow(clientWith(connection))
  facade.follow({} as PoolClient)
  facade.leave({} as PoolClient)
  expect(connection.eventNames()).toEqual([])
})

it('tells who cuts its stream', () => {
  const cuts: unknown[] = []
  const facade = new ConnectionFacade((error) => cuts.push(error))
  const error = new Error('cut')
  facade.stream.destroy(error)
  expect(cuts).toEqual([error])
})
