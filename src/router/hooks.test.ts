import { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { createSession } from '../consistency/session.ts'
import { Hooks } from './hooks.ts'
import type { NodeConfig } from '../nodes/server-node.ts'
import { SettingKeeper } from '../settings/setting-keeper.ts'
import { WITHOUT_TEXT } from '../statement/without-text.ts'
import type { Role } from '../topology/node.ts'

const refusal = Object.assign(new Error('cannot execute LISTEN during recovery'), {
  severity: 'ERROR',
  code: '25006',
})
const mistake = new Error('a mistake of the hook')

let told: unknown[]
let settings: SettingKeeper
let client: PoolClient
let emitter: EventEmitter

beforeEach(() => {
  told = []
  settings = new SettingKeeper()
  emitter = new EventEmitter()
  client = clientThat(() => Promise.reject(refusal))
})

/** As with node-postgres' clients, its method is its class's. */
function clientThat(query: () => Promise<unknown>): PoolClient {
  return Object.create({ query }) as PoolClient
}

function hooksOn(role: Role): Hooks {
  return new Hooks({
    lastRoleOf: () => role,
    platform: new FakePlatform(),
    judge: () => WITHOUT_TEXT,
    settings,
    sessions: { context: { current: () => createSession() }, ranOnPrimary: () => {} },
    ended: () => {},
    tell: (_name, ...args) => void told.push(...args),
  })
}

/** The options of a node with these hooks, under watch. */
function watched(role: Role, options: object): Record<string, (...args: readonly unknown[]) => unknown> {
  const config = { id: 'n', options } as unknown as NodeConfig
  return hooksOn(role).around(config).options as never
}

const REPORTED = [{ node: 'n', cause: refusal }]

test('a node without hooks stays as it is, and one with hooks keeps a password that is not enumerable', () => {
  const bare = { id: 'n', options: {} } as unknown as NodeConfig
  expect(hooksOn('replica').around(bare)).toBe(bare)
  const options = Object.defineProperty({ onConnect: () => {} }, 'password', {
    value: 'p',
    enumerable: false,
  })
  const config = { id: 'n', options } as unknown as NodeConfig
  const { options: copy } = hooksOn('replica').around(config)
  expect(Object.getOwnPropertyDescriptor(copy, 'password')).toMatchObject({ value: 'p', enumerable: false })
})

describe('onConnect', () => {
  const onConnect = (): Promise<never> => Promise.reject(refusal)

  test('a refusal of a standby is reported, and the connection is used', async () => {
    await expect(watched('replica', { onConnect })['onConnect']?.(client)).resolves.toBeUndefined()
    expect(told).toEqual(REPORTED)
  })

  test('on the primary the same is an error', async () => {
    await expect(watched('primary', { onConnect })['onConnect']?.(client)).rejects.toBe(refusal)
    expect(told).toEqual([])
  })

  test('other errors are errors anywhere', async () => {
    const fails = { onConnect: () => Promise.reject(mistake) }
    await expect(watched('replica', fails)['onConnect']?.(client)).rejects.toBe(mistake)
  })
})

test.each<[Role, Error, Error | undefined]>([
  ['replica', refusal, undefined],
  ['primary', refusal, refusal],
  ['replica', mistake, mistake],
])('verify on the %s: %s', (role, failure, expected) => {
  const verify = (_client: unknown, done: (error?: Error) => void): void => done(failure)
  const heard: unknown[] = []
  watched(role, { verify })['verify']?.(client, (error?: Error) => heard.push(error))
  expect(heard).toEqual([expected])
})

describe('listeners of connect', () => {
  test('one that throws stops no other on a replica', () => {
    const called: string[] = []
    emitter.on('connect', () => {
      throw mistake
    })
    emitter.on('connect', () => called.push('second'))
    hooksOn('replica').connected(emitter, 'n', client)
    expect([called, told]).toEqual([['second'], [{ node: 'n', cause: mistake }]])
  })

  test('an error of one on the primary is the reason not to use the connection', () => {
    emitter.on('connect', () => {
      throw mistake
    })
    expect(hooksOn('primary').connected(emitter, 'n', client)).toBe(mistake)
  })

  test('statements over the connection are recorded, and later ones are not', async () => {
    emitter.on('connect', (given: PoolClient) => void given.query('listen news'))
    hooksOn('replica').connected(emitter, 'n', client)
    await new Promise((resolve) => setImmediate(resolve))
    expect([settings.connections.isHooked(client), told]).toEqual([true, REPORTED])
    const other = clientThat(() => Promise.resolve())
    hooksOn('replica').connected(new EventEmitter(), 'n', other)
    void other.query('select 1')
    expect(settings.connections.isHooked(other)).toBe(false)
  })

  test('an error that is heard twice is told once', async () => {
    const listener: (given: PoolClient) => unknown = (given) => given.query('listen news')
    emitter.on('connect', listener)
    hooksOn('replica').connected(emitter, 'n', client)
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual(REPORTED)
  })
})
