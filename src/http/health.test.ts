import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import type { PoolStats } from '../observability/stats.ts'
import { healthHandler, healthOf } from './health.ts'

const statsOf = (...states: string[]): PoolStats =>
  ({
    nodes: states.map((state, i) => ({ id: `n${i}:5432`, role: 'unknown', state, cause: 'password s3cret' })),
  }) as unknown as PoolStats

it.each<[string[], boolean, string[]]>([
  [['primary', 'replica'], true, []],
  [['primary', 'down'], false, []],
  [['primary', 'down'], true, ['no-replica']],
  [['down', 'replica'], false, ['no-primary']],
  [['down', 'lagging'], true, ['no-primary', 'no-replica']],
  [['pending', 'pending'], true, ['not-looked-at']],
  [[], false, []],
  [[], true, ['no-replica']],
])('nodes that are %j, replica needed: %s → %j', (states, needsReplica, reasons) => {
  const health = healthOf(statsOf(...states), needsReplica)
  expect([health.reasons, health.isReady]).toEqual([reasons, reasons.length === 0])
})

const neverAsked = (): Promise<unknown> => Promise.reject(new Error('asked'))

it('asks a pool of one node, which is not watched, one question at a time', async () => {
  const questions: { resolve(): void; reject(error: Error): void }[] = []
  const pool = {
    ready: () => Promise.resolve(),
    stats: () => statsOf(),
    query: () => new Promise<void>((resolve, reject) => questions.push({ resolve, reject })),
  }
  const ask = async (timeoutMs: number): Promise<[status: number, reasons: unknown]> => {
    const said: [status: number, reasons: unknown] = [0, undefined]
    const response = {
      writeHead: (status: number) => (said[0] = status),
      end: (text: string) => (said[1] = (JSON.parse(text) as { reasons: unknown }).reasons),
    }
    await handlers[timeoutMs]?.({ url: '/' }, response as never)
    return said
  }
  const handlers: Record<number, ReturnType<typeof healthHandler>> = {
    1: healthHandler({ pool, timeoutMs: 1 }),
    60_000: healthHandler({ pool, timeoutMs: 60_000 }),
  }
  expect(await ask(1)).toEqual([503, ['no-primary']])
  expect(await ask(1)).toEqual([503, ['no-primary']])
  expect(questions).toHaveLength(1)
  questions[0]?.reject(new Error('connection refused'))
  await settle()
  const answers = Promise.all([ask(60_000), ask(60_000)])
  await settle()
  questions[1]?.resolve()
  expect(await answers).toEqual([
    [200, []],
    [200, []],
  ])
  expect(questions).toHaveLength(2)
})

it('answers 200 or 503 with reasons, and liveness always', async () => {
  let stats = statsOf('primary', 'down')
  let ready = Promise.resolve()
  const handler = healthHandler({
    pool: { ready: () => ready, stats: () => stats, query: neverAsked },
    timeoutMs: 1,
  })
  const server = createServer((request, response) => void handler(request, response)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const get = async (path: string): Promise<[number, string]> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return [response.status, await response.text()]
  }
  const [status, text] = await get('/health')
  expect([status, JSON.parse(text)]).toMatchObject([200, { isReady: true, reasons: [] }])
  expect(text).not.toContain('s3cret')
  stats = statsOf('down')
  ready = Promise.reject(new Error('no primary'))
  ready.catch(() => {})
  expect(await get('/health?x')).toMatchObject([503, expect.stringContaining('no-primary')])
  stats = statsOf('pending')
  ready = new Promise(() => {})
  expect(await get('/health')).toMatchObject([503, expect.stringContaining('not-looked-at')])
  expect(await get('/health/live')).toEqual([200, '{"isLive":true}\n'])
  server.close()
})

it.each([{ pool: {} }, { pool: { ready() {} }, needsReplica: 1 }, { pool: { ready() {} }, timeout: 1 }])(
  'refuses %j',
  (options) => {
    expect(() => healthHandler(options as never)).toThrow(/Option|option/)
  },
)
