import { describe, expect, it } from 'vitest'
import { auroraDiscovery, type AuroraDiscoveryOptions } from './aurora.ts'
import type { KnownServers } from './discovery.ts'

const SIGNAL = new AbortController().signal
const WRITER = { server_id: 'db-1', session_id: 'MASTER_SESSION_ID' }
const reader = (server_id: string): object => ({ server_id, session_id: 'e7a9', replica_lag_in_msec: 20 })

class Bench implements KnownServers {
  nowMs = 0
  answer: readonly object[] | Error = [WRITER, reader('db-2')]
  readonly asked: string[] = []
  readonly discovery: ReturnType<typeof auroraDiscovery>

  constructor(options: Partial<AuroraDiscoveryOptions> = {}) {
    this.discovery = auroraDiscovery({ host: '?.c1.example', ...options })
  }

  now(): number {
    return this.nowMs
  }

  async query(sql: string): Promise<readonly (string | null)[]> {
    this.asked.push(sql)
    if (this.answer instanceof Error) throw this.answer
    return [JSON.stringify(this.answer)]
  }

  async look(): Promise<string[]> {
    const nodes = await this.discovery.discover(SIGNAL, this)
    return nodes.map(({ host, port, weight }) => `${host}${port === undefined ? '' : `:${port}`} ${weight}`)
  }
}

describe('auroraDiscovery', () => {
  it('lists every instance under its own host', async () => {
    const b = new Bench()
    expect(await b.look()).toEqual(['db-1.c1.example 1', 'db-2.c1.example 1'])
    expect(b.asked[0]).toContain('aurora_replica_status()')
    expect(b.discovery.intervalMs).toBe(5000)
  })

  it('takes a function for the host, and a port', async () => {
    const b = new Bench({ host: (id) => `${id}.internal`, port: 5433 })
    expect(await b.look()).toEqual(['db-1.internal:5433 1', 'db-2.internal:5433 1'])
  })

  it('takes a function for the whole address', async () => {
    const b = new Bench({ host: (id) => ({ host: 'localhost', port: id === 'db-1' ? 6001 : 6002 }) })
    expect(await b.look()).toEqual(['localhost:6001 1', 'localhost:6002 1'])
  })

  it('follows scaling: a new reader begins with little, one that is gone leaves', async () => {
    const b = new Bench()
    await b.look()
    b.answer = [WRITER, reader('db-2'), reader('db-3')]
    expect((await b.look())[2]).toBe('db-3.c1.example 0.1')
    b.nowMs = 30_000
    expect((await b.look())[2]).toBe('db-3.c1.example 0.5')
    b.nowMs = 60_000
    expect((await b.look())[2]).toBe('db-3.c1.example 1')
    b.answer = [WRITER, reader('db-3'), { ...reader('db-2'), age_in_msec: 400_000 }]
    expect(await b.look()).toEqual(['db-1.c1.example 1', 'db-3.c1.example 1'])
  })

  it('does not take a former writer for a new reader', async () => {
    const b = new Bench()
    await b.look()
    b.answer = [reader('db-1'), { ...reader('db-2'), session_id: 'MASTER_SESSION_ID' }]
    expect(await b.look()).toEqual(['db-1.c1.example 1', 'db-2.c1.example 1'])
  })

  it.each([
    ['no server answers', new Error('lost'), 'lost'],
    ['a list without a writer', [reader('db-2')], 'lists no writer'],
    ['an empty list', [], 'lists no writer'],
  ])('%s: fails, and the pool keeps its list', async (_name, answer, message) => {
    const b = new Bench()
    await b.look()
    b.answer = answer
    await expect(b.look()).rejects.toThrow(message)
  })

  it('adds the cluster endpoint while no instance answers', async () => {
    const b = new Bench({ clusterEndpoint: 'cluster.example' })
    b.answer = new Error('lost')
    await expect(b.look()).rejects.toThrow('lost')
    b.answer = [WRITER]
    await b.look()
    b.answer = new Error('lost')
    expect(await b.look()).toEqual(['db-1.c1.example 1', 'cluster.example 0'])
    b.answer = [WRITER]
    expect(await b.look()).toEqual(['db-1.c1.example 1'])
  })

  it('needs the servers of a pool', async () => {
    await expect(auroraDiscovery({ host: '?.c1' }).discover(SIGNAL)).rejects.toThrow(
      'asks the servers of a pool',
    )
  })

  it.each<[string, object]>([
    ['auroraDiscovery.host', { host: 'db.example' }],
    ['auroraDiscovery.host', { host: '?.?' }],
    ['auroraDiscovery.host', { host: undefined }],
    ['auroraDiscovery.port', { port: 0 }],
    ['auroraDiscovery.intervalMs', { intervalMs: 1 }],
    ['auroraDiscovery.rampMs', { rampMs: 0 }],
    ['auroraDiscovery.clusterEndpoint', { clusterEndpoint: '' }],
  ])('%s is checked: %j', (name, options) => {
    expect(() => new Bench(options)).toThrow(`Option "${name}"`)
  })
})
