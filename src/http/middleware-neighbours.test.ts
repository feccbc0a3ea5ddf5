import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { chain, FakeSessionPool, serve, tokenAtOnce, type Middleware } from '../../test/support/http-bench.ts'
import { sessionMiddleware, type RequestSession, type SessionPool, type TokenSession } from './index.ts'

const COOKIE = 'switchyard=token; Path=/; HttpOnly; SameSite=Lax'

describe('beside other middlewares that replace methods of the response', () => {
  /** Sets a header at the last moment, as `on-headers` and what is built on it do. */
  const lastMoment: Middleware = (_, response, next) => {
    const { writeHead } = response
    response.writeHead = ((...args: unknown[]) => {
      if (!response.headersSent) {
        const others = [response.getHeader('set-cookie') ?? []].flat().map(String)
        response.setHeader('set-cookie', [...others, 'last=moment'])
      }
      return Reflect.apply(writeHead, response, args)
    }) as never
    next()
  }

  /** Changes the body and waits for `drain`, as compression does. */
  const shouting: Middleware = (_, response, next) => {
    const own = { write: response.write, end: response.end } as Record<
      string,
      (...args: unknown[]) => unknown
    >
    response.write = ((chunk: string) => own['write']?.call(response, chunk.toUpperCase())) as never
    response.end = ((chunk = '') => {
      response.removeHeader('Content-Length')
      const flows = own['write']?.call(response, chunk.toUpperCase()) === true
      if (flows) own['end']?.call(response)
      else response.once('drain', () => own['end']?.call(response))
    }) as never
    next()
  }

  /** Takes the body, and with it those who wait for `drain`, as compression does. */
  const diverting: Middleware = (_, response, next) => {
    const { write, on } = response
    response.write = ((chunk: string) => Reflect.apply(write, response, [chunk])) as never
    response.on = ((event: string, listener: () => void) =>
      event === 'drain' ? response : on.call(response, event, listener)) as never
    next()
  }

  it('a stream goes on, although others have taken those who wait for drain', async () => {
    const pool = new FakeSessionPool()
    const handler = chain(diverting, sessionMiddleware({ pool }), (_request, response) => {
      pool.write()
      Readable.from(['one ', 'two ', 'three']).pipe(response)
    })
    await using server = await serve('http1', handler)
    const answer = server.ask()
    await pool.untilAsked()
    pool.answer('token')
    expect(await answer).toMatchObject({
      body: 'one two three',
      headers: { 'x-switchyard-token': 'token' },
    })
  })

  const orders: readonly (readonly [what: string, order: (own: Middleware) => readonly Middleware[]])[] = [
    ['before a header of the last moment', (own) => [own, lastMoment]],
    ['behind a header of the last moment', (own) => [lastMoment, own]],
    ['before a body that is changed', (own) => [own, shouting, lastMoment]],
    ['behind a body that is changed', (own) => [lastMoment, shouting, own]],
  ]

  it.each(orders)('%s', async (_, order) => {
    const pool = new FakeSessionPool()
    const handler = chain(...order(sessionMiddleware({ pool })), (_request, response) => {
      pool.write()
      response.setHeader('Content-Length', 7)
      response.end('written')
    })
    await using server = await serve('http1', handler)
    const answer = server.ask()
    await pool.untilAsked()
    pool.answer('token')
    const { headers, body } = await answer
    expect(body.toLowerCase()).toBe('written')
    expect([...(headers['set-cookie'] ?? [])].toSorted()).toEqual(['last=moment', COOKIE])
  })

  const changes: readonly (readonly [how: string, change: (response: ServerResponse) => void])[] = [
    ['setHeader', (response) => void response.setHeader('Cache-Control', 'public, max-age=60')],
    ['a header of a CDN', (response) => void response.setHeader('Surrogate-Control', 'max-age=60')],
    ['removeHeader', (response) => response.removeHeader('cache-control')],
    ['Vary', (response) => void response.setHeader('Vary', 'Accept')],
    [
      'cookies in place of those before',
      (response) => void response.setHeader('Set-Cookie', ['last=moment']),
    ],
    ['the header of the token', (response) => response.removeHeader('X-Switchyard-Token')],
  ]

  describe.each(['http1', 'http2'] as const)('%s', (protocol) => {
    it.each(changes)(
      'a change in front at the last moment leaves the token private: %s',
      async (_, change) => {
        const inFront: Middleware = (_request, response, next) => {
          const { writeHead } = response
          response.writeHead = ((...args: unknown[]) => {
            if (!response.headersSent) change(response)
            return Reflect.apply(writeHead, response, args)
          }) as never
          next()
        }
        const pool = new FakeSessionPool(tokenAtOnce)
        const handler = chain(inFront, sessionMiddleware({ pool }), (request, response) => {
          if (request.method === 'POST') pool.write()
          response.end()
        })
        await using server = await serve(protocol, handler)
        const { headers } = await server.ask({ method: 'POST' })
        expect(String(headers['cache-control']).split(/, ?/)).toContain('private')
        expect(headers['cache-control']).not.toContain('public')
        expect(headers).not.toHaveProperty('surrogate-control')
        expect(headers['vary']).toMatch(/Cookie, x-switchyard-token$/)
        expect(headers['set-cookie']).toContain(COOKIE)
        expect(headers['x-switchyard-token']).toBe('token')
      },
    )
  })

  it.each<readonly [protocol: 'http1' | 'http2', form: string, headers: unknown]>([
    ['http1', 'an object', { 'Cache-Control': 'public, max-age=60', 'Set-Cookie': 'last=moment' }],
    ['http1', 'a list', ['Cache-Control', 'public, max-age=60', 'Set-Cookie', 'last=moment']],
    ['http2', 'an object', { 'Cache-Control': 'public, max-age=60', 'Set-Cookie': 'last=moment' }],
  ])(
    'headers that a middleware in front gives to writeHead leave the token private: %s, %s',
    async (protocol, _, given) => {
      const inFront: Middleware = (_request, response, next) => {
        const { writeHead } = response
        response.writeHead = ((status: number) =>
          Reflect.apply(writeHead, response, [status, given])) as never
        next()
      }
      const pool = new FakeSessionPool(tokenAtOnce)
      const handler = chain(inFront, sessionMiddleware({ pool }), (_request, response) => {
        pool.write()
        response.end()
      })
      await using server = await serve(protocol, handler)
      const { headers } = await server.ask()
      expect(headers['cache-control']).toBe('private, max-age=60')
      expect(new Set(headers['set-cookie'])).toEqual(new Set([COOKIE, 'last=moment']))
    },
  )
})

/** Sessions that are told apart by their roles. */
class Roles implements SessionPool {
  readonly #storage = new AsyncLocalStorage<string | undefined>()

  get current(): string | undefined {
    return this.#storage.getStore()
  }

  withSession<T>({ role }: RequestSession, fn: (session: TokenSession) => T): T {
    const run = <R>(inside: () => R): R => this.#storage.run(role, inside)
    return run(() => fn({ wrote: false, run, token: () => Promise.resolve(undefined) }))
  }
}

it('of two middlewares of one pool the second counts, also behind what reads the body', async () => {
  const [pool, other] = [new Roles(), new Roles()]
  const said: (string | undefined)[] = []
  const readsBody: Middleware = (request, _, next) => void request.resume().once('end', () => next())
  const handler = chain(
    sessionMiddleware({ pool, role: 'all' }),
    sessionMiddleware({ pool: other, role: 'other' }),
    sessionMiddleware({ pool, role: 'tenant' }),
    readsBody,
    (_, response) => {
      said.push(pool.current, other.current)
      response.end()
    },
  )
  await using server = await serve('http1', handler)
  await server.ask({ method: 'POST' })
  expect(said).toEqual(['tenant', 'other'])
})

// The socket's last write was that of the response before, so `drain` comes in the context of its request.
it('a body of a pipelined request goes on in its own session', async () => {
  const pool = new Roles()
  const middleware = sessionMiddleware({ pool, role: (request: IncomingMessage) => request.url })
  const drained: (string | undefined)[] = []
  let endFirst = (): void => {}
  const server = createServer((request, response) => {
    middleware(request, response, () => {
      if (request.url === '/1') {
        endFirst = AsyncLocalStorage.bind(() => void response.end('x'.repeat(4 * 1024 * 1024)))
        return
      }
      response.once('drain', () => {
        drained.push(pool.current)
        response.end()
      })
      response.write('x'.repeat(4 * 1024 * 1024))
      endFirst()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await once(client.resume(), 'close')
  await new Promise((resolve) => server.close(resolve))
  expect(drained).toEqual(['/2'])
})
