import Module from 'node:module'
import type { PoolClient } from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { connectBy } from '../platform/connect.ts'
import { FakeClients } from '../../test/support/fake-client.ts'
import { FakePlatform, settle } from '../../test/support/fake-platform.ts'
import { LeasePool, type ConnectionTraces, type LeasePoolListener } from './lease-pool.ts'
import { SleepCheck } from './sleep-check.ts'

let clients: FakeClients
let log: string[]
let pool: LeasePool
/** Connections by the name of their holder. */
let leases: Map<string, PoolClient>
/** Called for a new connection before it is used. */
let opened: (proceed: (refusal?: Error) => void) => void

function poolOf(max: number, check?: SleepCheck, traces?: ConnectionTraces): LeasePool {
  const told = (name: string) => (): void => void log.push(name)
  const config = { id: 'a', weight: 1, options: { max, idleTimeoutMillis: 0 } }
  const listener: LeasePoolListener = {
    connected: () => void log.push('connected'),
    released: told('released'),
    removed: told('removed'),
    opened: (_id, _client, proceed) => opened(proceed),
    idleError: (id, error) => void log.push(`${id} lost ${error.message}`),
    ...(traces === undefined ? {} : { traces }),
  }
  const connect = connectBy(clients.ClientClass)
  return new LeasePool(config, connect, listener, undefined, undefined, undefined, check)
}

beforeEach(() => {
  clients = new FakeClients()
  log = []
  leases = new Map()
  opened = (proceed) => proceed()
  pool = poolOf(2)
})

async function rest(): Promise<void> {
  for (let i = 0; i < 4; i++) await settle()
}

/** These callers ask for a connection, one after the other. */
async function lease(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    pool.lease((error, client) => {
      if (client === undefined) log.push(`${name}: ${error?.message}`)
      else leases.set(name, client)
    })
  }
  await rest()
}

async function release(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    leases.get(name)?.release()
    leases.delete(name)
    await rest()
  }
}

/** Lists the holders and their connections. */
function held(): string {
  return [...leases].map(([name, client]) => `${name}:${String(Reflect.get(client, 'name'))}`).join(' ')
}

const counts = (): readonly number[] => [pool.totalCount, pool.idleCount, pool.waitingCount]

describe('connections', () => {
  it('have a listener of errors at every moment of their life', async () => {
    // Throws without a listener.
    const lose = (): void => expect(clients.opened[0]?.emit('error', new Error('read ECONNRESET'))).toBe(true)
    clients.isSlow = true
    await lease('x')
    lose()
    let proceeds = (): void => {}
    opened = (proceed) => (proceeds = proceed)
    clients.opened[0]?.connected()
    await rest()
    lose()
    proceeds()
    await rest()
    clients = new FakeClients()
    opened = (proceed) => proceed()
    pool = poolOf(2)
    await lease('y')
    // Its new owner has not said yet that it listens.
    lose()
    leases.get('y')?.release(new Error('broken'))
    lose()
    await rest()
    lose()
  })

  it('are opened up to their number, and used again', async () => {
    await lease('x', 'y', 'z')
    expect(held()).toBe('x:1 y:2')
    expect(counts()).toEqual([2, 0, 1])
    await release('x')
    expect(held()).toBe('y:2 z:1')
    await release('y', 'z')
    expect(counts()).toEqual([2, 2, 0])
  })

  it('tell what becomes of them', async () => {
    await lease('x')
    leases.get('x')?.release(new Error('broken'))
    await rest()
    expect(log).toEqual(['connected', 'released', 'removed'])
  })

  it('that are lost while they are idle are reported, and gone', async () => {
    await lease('x')
    await release('x')
    clients.opened[0]?.emit('error', new Error('read ECONNRESET'))
    expect(log).toContain('a lost read ECONNRESET')
    expect(pool.totalCount).toBe(0)
  })

  it('end with the pool: idle ones at once, the others when they are given back', async () => {
    await lease('x', 'y')
    await release('x')
    let isEnded = false
    const ended = pool.end().then(() => (isEnded = true))
    await rest()
    expect([clients.open, isEnded]).toEqual([['2'], false])
    await release('y')
    await ended
    expect(clients.open).toEqual([])
  })
})

describe('a new connection', () => {
  it('that is refused is closed, and its caller hears why', async () => {
    opened = (proceed) => proceed(new Error('another server'))
    await lease('x')
    expect(log).toContain('x: another server')
    expect([clients.open, pool.totalCount]).toEqual([[], 0])
  })

  it('that is lost before it is used ends no process: its caller gets the error', async () => {
    let proceed = (): void => {}
    opened = (go) => (proceed = go)
    await lease('x')
    clients.opened[0]?.emit('error', new Error('write ECONNRESET'))
    expect(log).not.toContain('x: write ECONNRESET')
    proceed()
    await rest()
    expect(log).toContain('x: write ECONNRESET')
    expect([clients.open, pool.totalCount]).toEqual([[], 0])
  })
})

/** Its server says nothing more: it has an error as soon as it is hung up. */
async function leaseSilent(name: string): Promise<void> {
  opened = (proceed) => {
    const client = clients.opened.at(-1)
    const destroy = (): void => {
      client?.emit('error', new Error('hung up'))
      proceed()
    }
    if (client !== undefined) Object.assign(client, { connection: { stream: { destroy } } })
  }
  await lease(name)
}

describe('a new connection whose server says nothing more', () => {
  it('does not keep the pool from its end', async () => {
    await leaseSilent('x')
    await pool.end()
    expect(log).toContain('x: hung up')
    expect(clients.open).toEqual([])
  })

  it('is hung up when the way to the node is broken', async () => {
    await leaseSilent('x')
    pool.renew()
    await rest()
    expect(log).toContain('x: hung up')
    expect(clients.open).toEqual([])
  })
})

describe('when the way to the node is broken', () => {
  it('no caller gets an old connection; idle ones are closed, those in use when they are returned', async () => {
    await lease('x', 'y')
    await release('y')
    pool.renew()
    await rest()
    expect(clients.open).toEqual(['1'])
    await lease('z')
    expect(held()).toBe('x:1 z:3')
    await release('x')
    expect(clients.open).toEqual(['3'])
    await release('z')
    await lease('z')
    expect(held()).toBe('z:3')
  })

  it('all who wait for a connection of before are served, then it is closed', async () => {
    await lease('x', 'y', 'waits 1', 'waits 2', 'waits 3')
    pool.renew()
    await lease('new')
    expect(held()).toBe('x:1 y:2 new:3')
    await release('x', 'y')
    expect(held()).toBe('new:3 waits 1:1 waits 2:2')
    await release('waits 1')
    expect(held()).toBe('new:3 waits 2:2 waits 3:1')
    await release('waits 2', 'waits 3')
    expect(clients.open).toEqual(['3'])
    expect(log.some((line) => line.includes('waits'))).toBe(false)
  })

  it('a caller that waits while it connects is served as well', async () => {
    clients.isSlow = true
    await lease('x', 'y', 'waits')
    pool.renew()
    clients.opened[0]?.connected(new Error('connect ECONNREFUSED'))
    clients.opened[1]?.connected()
    await rest()
    expect(log).toContain('x: connect ECONNREFUSED')
    clients.opened[2]?.connected()
    await rest()
    expect(held()).toBe('y:2 waits:3')
    await release('y', 'waits')
    expect(clients.open).toEqual(['1'])
  })

  it('connections in use are closed in the end although the last waiting caller got an error', async () => {
    clients.isSlow = true
    await lease('x')
    clients.opened[0]?.connected()
    await lease('y', 'waits')
    pool.renew()
    clients.opened[1]?.connected(new Error('connect ECONNREFUSED'))
    await rest()
    clients.opened[2]?.connected(new Error('connect ECONNREFUSED'))
    await rest()
    expect(log).toContain('waits: connect ECONNREFUSED')
    await release('x')
    expect(clients.opened[0]?._ending).toBe(true)
  })

  it('the end of old idle connections is not reported', async () => {
    await lease('x', 'y')
    pool.renew()
    await release('x')
    clients.opened[0]?.emit('error', new Error('read ECONNRESET'))
    expect(log.some((line) => line.includes('lost'))).toBe(false)
  })

  it('and there is none, nothing is to be done', async () => {
    pool.renew()
    await lease('x')
    expect(held()).toBe('x:1')
  })

  it('a pool that has ended stays so', async () => {
    await lease('x')
    const ended = pool.end()
    pool.renew()
    await lease('y')
    expect(log).toContain('y: Cannot use a pool after calling end on the pool')
    await release('x')
    await ended
  })
})

describe('when the node is no longer wanted', () => {
  it('callers with a connection or waiting for one go on, and the last one ends it', async () => {
    await lease('x', 'y', 'waits')
    pool.drain()
    await release('x')
    expect(held()).toBe('y:2 waits:1')
    await release('y')
    expect(clients.open).toEqual(['1'])
    await release('waits')
    expect(clients.open).toEqual([])
    await lease('late')
    expect(log).toContain('late: Cannot use a pool after calling end on the pool')
  })

  it('idle connections are closed at once', async () => {
    await lease('x')
    await release('x')
    pool.drain()
    await rest()
    expect(clients.open).toEqual([])
  })
})

it('makes its connections without loading node-postgres', () => {
  const loaded: unknown[] = []
  const { _load: load } = Module as unknown as { _load: (...args: readonly unknown[]) => unknown }
  const watched = (name: unknown, ...others: readonly unknown[]): unknown => {
    loaded.push(name)
    return Reflect.apply(load, Module, [name, ...others])
  }
  Object.assign(Module, { _load: watched })
  try {
    poolOf(1)
  } finally {
    Object.assign(Module, { _load: load })
  }
  expect(loaded).not.toContain('pg')
})

describe('after a sleep of the process', () => {
  let sleeps: number
  /** Connections that give no answer. */
  let dead: ReadonlySet<string>
  let asked: string[]
  let platform: FakePlatform
  let check: SleepCheck

  beforeEach(() => {
    sleeps = 0
    dead = new Set()
    asked = []
    platform = new FakePlatform()
    check = new SleepCheck(platform, {
      get sleeps(): number {
        return sleeps
      },
    })
    pool = poolOf(2, check)
    clients.asked = ({ name }, answered) => {
      asked.push(name)
      if (!dead.has(name)) setImmediate(answered)
    }
  })

  it('a connection is checked once before it is leased again', async () => {
    await lease('x')
    await release('x')
    await lease('y')
    expect(asked).toEqual([])
    await release('y')
    sleeps += 1
    await lease('z')
    expect([asked, held()]).toEqual([['1'], 'z:1'])
    await release('z')
    await lease('again')
    expect([asked, held()]).toEqual([['1'], 'again:1'])
  })

  it('one that gives no answer is replaced, and so are the others from before', async () => {
    await lease('x', 'y')
    await release('x', 'y')
    sleeps += 1
    dead = new Set(['1', '2'])
    await lease('z')
    expect(held()).toBe('')
    await platform.advance(500)
    await rest()
    expect([asked, held()]).toEqual([['2'], 'z:3'])
    expect(clients.open).toEqual(['3'])
  })

  it('one caller is one lease to those who follow them, whatever is replaced', async () => {
    const followed: string[] = []
    pool = poolOf(1, check, {
      followsLeases: true,
      lease: (_id, callback, start) => {
        followed.push('asked')
        start((error, client) => {
          followed.push('leased')
          callback(error, client)
        })
      },
      returned: () => {},
      connecting: () => {},
    })
    await lease('x')
    await release('x')
    sleeps += 1
    dead = new Set(['1'])
    await lease('z')
    await platform.advance(500)
    await rest()
    expect([held(), followed]).toEqual(['z:2', ['asked', 'leased', 'asked', 'leased']])
  })

  it('a new one needs no check', async () => {
    sleeps += 1
    await lease('x')
    expect([asked, held()]).toEqual([[], 'x:1'])
  })
})
