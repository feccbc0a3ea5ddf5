import { createServer, request as ask, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { EventStream } from '../observability/event-stream.ts'
import { dashboardHandler, type DashboardOptions } from './handler.ts'

const pool = {
  events: new EventStream('test').events,
  options: {},
  totalCount: 0,
  idleCount: 0,
  waitingCount: 0,
  ending: false,
  stats: () => ({ nodes: [], catalog: 'builtin' as const, reads: 0, offload: 0 }),
}

let server: Server | undefined

afterEach(() => {
  server?.close()
})

interface Reply {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

interface Sent {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

async function get(options: DashboardOptions, sent: Sent = {}): Promise<Reply> {
  server = createServer(
    dashboardHandler(pool, options, new FakePlatform(), { isRouted: false, waiting: () => [] }),
  ).listen(0, '127.0.0.1')
  await new Promise((resolve) => server?.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const { headers = {}, method = 'GET', path = '/' } = sent
    const asked = ask({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.once('end', () => resolve({ status: response.statusCode, headers: response.headers, body }))
    })
    asked.once('error', reject)
    asked.end()
  })
}

describe('the answers', () => {
  it.each(['/', '/admin/db', '/admin/db/', '/?tab=1', '/db?back=a/data'])('%s: the page', async (path) => {
    const { body, headers, status } = await get({}, { path })
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(body).toContain('<h1 id="title">')
  })

  it.each(['/data', '/admin/db/data', '/data?token=1'])('%s: the data', async (path) => {
    const { body, headers, status } = await get({ title: 'Shop' }, { path })
    expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8'])
    expect(JSON.parse(body)).toMatchObject({ title: 'Shop', isRouted: false, hasEnded: false })
  })

  it('nothing for files that browsers ask for', async () => {
    expect((await get({}, { path: '/favicon.ico' })).status).toBe(404)
  })

  it('no body for HEAD', async () => {
    const { body, headers, status } = await get({}, { method: 'HEAD' })
    expect([status, body, Number(headers['content-length']) > 1_000]).toEqual([200, '', true])
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s is not allowed', async (method) => {
    const { headers, status } = await get({ authorize: () => true }, { method })
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  it.each(['/', '/data', '/x.js'])('%s: neither stored nor framed nor read by others', async (path) => {
    const { headers } = await get({}, { path })
    expect(headers).toMatchObject({
      'cache-control': 'no-store, no-transform',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
    })
    const policy = headers['content-security-policy']
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
  })

  it('the page has no address of another server', async () => {
    const { body } = await get({})
    expect(body.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/)
    expect(body).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|\beval\b/)
  })
})

describe('access', () => {
  it.each(['/', '/data'])('without "authorize" no request through a proxy: %s', async (path) => {
    const { body, status } = await get({}, { path, headers: { 'x-forwarded-for': '127.0.0.1' } })
    expect(status).toBe(403)
    expect(body).toBe(
      'This request is refused because it comes through a proxy. To serve the page to others, give pool.dashboard() the option "authorize".\n',
    )
  })

  it('without "authorize" no request under a foreign name', async () => {
    expect((await get({}, { headers: { host: 'evil.example' } })).status).toBe(403)
  })

  it.each([
    ['true', () => true, 200],
    ['a promise of true', () => Promise.resolve(true), 200],
    ['false', () => false, 403],
    ['a promise of false', () => Promise.resolve(false), 403],
    ['an object', () => ({ allowed: false }) as unknown as boolean, 403],
    ['undefined', () => undefined as unknown as boolean, 403],
  ])('"authorize" returns %s', async (_name, authorize, expected) => {
    const headers = { host: 'db.example', 'x-forwarded-for': '10.1.1.1' }
    expect((await get({ authorize }, { headers })).status).toBe(expected)
    expect((await get({ authorize }, { headers, path: '/data' })).status).toBe(expected)
  })

  it('"authorize" gets the request', async () => {
    const authorize = vi.fn<(request: IncomingMessage) => boolean>(
      ({ headers }) => headers.authorization === 'Bearer x',
    )
    expect((await get({ authorize }, { headers: { authorization: 'Bearer x' } })).status).toBe(200)
    expect(authorize).toHaveBeenCalledTimes(1)
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('secret')
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret'))],
  ])('no request when "authorize" %s, and its error stays inside', async (_name, authorize) => {
    const { body, status } = await get({ authorize })
    expect(status).toBe(500)
    expect(body).not.toContain('secret')
  })
})

it.each([
  [
    { autorize: () => true },
    'SWITCHYARD_UNKNOWN_OPTION',
    'Unknown option "autorize" of dashboard(). Did you mean "authorize"?',
  ],
  [{ authorize: true }, 'SWITCHYARD_INVALID_OPTION', 'Option "authorize" must be a function'],
  [{ title: 1 }, 'SWITCHYARD_INVALID_OPTION', 'Option "title" must be a string'],
  [null, 'SWITCHYARD_INVALID_OPTION', 'must be an object'],
])('wrong options: %j', (options, code, message) => {
  const make = (): unknown =>
    dashboardHandler(pool, options as DashboardOptions, new FakePlatform(), {
      isRouted: false,
      waiting: () => [],
    })
  expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) as string }))
})
