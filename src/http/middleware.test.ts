import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { FakeSessionPool, serve, tokenAtOnce, type TestHandler } from '../../test/support/http-bench.ts'
import { sessionMiddleware } from './index.ts'

const COOKIE = 'switchyard=token; Path=/; HttpOnly; SameSite=Lax'

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => unknown

/** Runs middlewares in turn, as Express and Connect do. What they throw, or give to `next`, becomes an error page. */
function chain(...middlewares: readonly Middleware[]): TestHandler {
  return (request, response) => {
    const run = (index: number, error?: unknown): void => {
      if (error !== undefined) {
        response.statusCode = 500
        response.end((error as Error).message)
        return
      }
      const step = async (): Promise<void> => {
        await middlewares[index]?.(request, response, (given) => run(index + 1, given))
      }
      step().catch((thrown: unknown) => run(index, thrown))
    }
    run(0)
  }
}

const failures: readonly (readonly [what: string, answer: () => Promise<undefined>])[] = [
  ['no token', () => Promise.resolve(undefined)],
  ['an error', () => Promise.reject(new Error('the pool has ended'))],
]

describe.each(['http1', 'http2'] as const)('%s', (protocol) => {
  it('a session that did not write carries nothing, and is not asked', async () => {
    const pool = new FakeSessionPool()
    const handler = chain(sessionMiddleware({ pool }), (_, response) => response.end('read'))
    await using server = await serve(protocol, handler)
    const { headers, body } = await server.ask()
    expect(body).toBe('read')
    expect(headers).not.toHaveProperty('set-cookie')
    expect(headers).not.toHaveProperty('x-switchyard-token')
    expect(pool.timeouts).toEqual([])
  })

  it('a session that wrote gives its token to the client, which brings it along', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const handler = chain(sessionMiddleware({ pool, holdMs: 70 }), (_, response) => {
      pool.write()
      response.end('written')
    })
    await using server = await serve(protocol, handler)
    const { headers, body } = await server.ask()
    expect(body).toBe('written')
    expect(headers).toMatchObject({ 'set-cookie': [COOKIE], 'x-switchyard-token': 'token' })
    expect(pool.timeouts).toEqual([70])
    await server.ask({ headers: { cookie: 'switchyard=mine' } })
    await server.ask({ headers: { 'x-switchyard-token': 'theirs' } })
    expect(pool.received).toEqual([undefined, 'mine', 'theirs'])
  })

  it('nothing of the response arrives before the token is there', async () => {
    const pool = new FakeSessionPool()
    const handler = chain(sessionMiddleware({ pool }), (request, response) => {
      if (request.method === 'POST') pool.write()
      response.end(request.method)
    })
    await using server = await serve(protocol, handler)
    let isAnswered = false
    const answer = server.ask({ method: 'POST' }).finally(() => (isAnswered = true))
    await pool.untilAsked()
    // A whole request that does not write passes meanwhile.
    expect((await server.ask()).body).toBe('GET')
    expect(isAnswered).toBe(false)
    pool.answer('token')
    expect(await answer).toMatchObject({ body: 'POST', headers: { 'x-switchyard-token': 'token' } })
  })

  it('what a response begins with is all that counts: later writes hold nothing back', async () => {
    const pool = new FakeSessionPool()
    const handler = chain(sessionMiddleware({ pool }), (_, response) => {
      response.write('begun ')
      pool.write()
      response.write('on ')
      response.end('ended')
    })
    await using server = await serve(protocol, handler)
    const { headers, body } = await server.ask()
    expect(body).toBe('begun on ended')
    expect(headers).not.toHaveProperty('set-cookie')
  })

  it.each(failures)('%s in place of a token makes no error page', async (_, answer) => {
    const pool = new FakeSessionPool(answer)
    const handler = chain(sessionMiddleware({ pool }), (_request, response) => {
      pool.write()
      response.end('written')
    })
    await using server = await serve(protocol, handler)
    const { status, headers, body } = await server.ask()
    expect([status, body]).toEqual([200, 'written'])
    expect(headers).not.toHaveProperty('set-cookie')
  })

  it('cookies of the application stay, and its lists are left alone', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const own = ['a=1', 'b=2']
    const handler = chain(sessionMiddleware({ pool }), (_, response) => {
      pool.write()
      response.setHeader('Set-Cookie', own)
      response.end()
    })
    await using server = await serve(protocol, handler)
    expect((await server.ask()).headers['set-cookie']).toEqual(['a=1', 'b=2', COOKIE])
    expect(own).toEqual(['a=1', 'b=2'])
  })

  it('cookies that are given to writeHead hide no token', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const handler = chain(sessionMiddleware({ pool }), (_, response) => {
      pool.write()
      const headers = { 'Set-Cookie': 'a=1', 'X-Switchyard-Token': 'mine' }
      response.writeHead(200, headers).end()
    })
    await using server = await serve(protocol, handler)
    expect((await server.ask()).headers).toMatchObject({
      'set-cookie': ['a=1', COOKIE],
      'x-switchyard-token': 'token',
    })
  })

  it.each<readonly [what: string, begin: (response: ServerResponse) => void]>([
    [
      'setHeader',
      (response) => {
        response.setHeader('Cache-Control', ['public', 's-maxage=9, max-age=5'])
        response.setHeader('Vary', 'Accept')
        response.setHeader('Surrogate-Control', 'max-age=9')
      },
    ],
    [
      'writeHead',
      (response) =>
        response.writeHead(200, {
          'Cache-Control': 'public, s-maxage=9, max-age=5',
          Vary: 'Accept',
          'Surrogate-Control': 'max-age=9',
        }),
    ],
  ])('a response with a token is for its client alone, by %s', async (_, begin) => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const handler = chain(sessionMiddleware({ pool }), (request, response) => {
      if (request.method === 'POST') pool.write()
      begin(response)
      response.end()
    })
    await using server = await serve(protocol, handler)
    const { headers } = await server.ask({ method: 'POST' })
    expect(headers).toMatchObject({
      'cache-control': 'private, max-age=5',
      vary: 'Accept, Cookie, x-switchyard-token',
    })
    expect(headers).not.toHaveProperty('surrogate-control')
    const read = (await server.ask()).headers
    expect(String(read['cache-control']).split(/, ?/)).toEqual(['public', 's-maxage=9', 'max-age=5'])
    expect(read).toMatchObject({ vary: 'Accept', 'surrogate-control': 'max-age=9' })
  })

  it.each<readonly [method: string, status: number]>([
    ['HEAD', 200],
    ['GET', 304],
    ['POST', 204],
    ['POST', 303],
  ])('a response to %s with status %i and no body carries the token', async (method, status) => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const handler = chain(sessionMiddleware({ pool }), (_, response) => {
      pool.write()
      response.statusCode = status
      response.end()
    })
    await using server = await serve(protocol, handler)
    const answer = await server.ask({ method })
    expect([answer.status, answer.body]).toEqual([status, ''])
    expect(answer.headers).toMatchObject({ 'set-cookie': [COOKIE], 'cache-control': 'private' })
  })

  it('what follows from events of the request runs in its session', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const handler = chain(sessionMiddleware({ pool }), (request, response) => {
      request.resume().on('end', () => {
        pool.write()
        response.end('read to its end')
      })
    })
    await using server = await serve(protocol, handler)
    expect(await server.ask({ method: 'POST' })).toMatchObject({
      body: 'read to its end',
      headers: { 'x-switchyard-token': 'token' },
    })
  })

  it('a stream that goes on when the socket has room does so in the session', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const handler = chain(sessionMiddleware({ pool }), (_, response) => {
      const part = (): void => {
        pool.write()
        response.end('last')
      }
      response.once('drain', part)
      response.write('x'.repeat(1024 * 1024))
    })
    await using server = await serve(protocol, handler)
    expect((await server.ask()).body).toHaveLength(1024 * 1024 + 4)
  })

  it('two pools have a cookie each', async () => {
    const [one, two] = [new FakeSessionPool(), new FakeSessionPool()]
    const handler = chain(
      sessionMiddleware({ pool: one, cookie: 'one', header: false }),
      sessionMiddleware({ pool: two, cookie: 'two', header: 'x-two' }),
      (_, response) => {
        one.write()
        two.write()
        response.write('written ')
        response.end('twice')
      },
    )
    await using server = await serve(protocol, handler)
    const answer = server.ask()
    await two.untilAsked()
    two.answer('second')
    await one.untilAsked()
    one.answer('first')
    const { headers, body } = await answer
    expect(body).toBe('written twice')
    expect(headers['set-cookie']).toEqual([
      'two=second; Path=/; HttpOnly; SameSite=Lax',
      'one=first; Path=/; HttpOnly; SameSite=Lax',
    ])
    expect(headers).toMatchObject({ 'x-two': 'second' })
    expect(headers).not.toHaveProperty('x-switchyard-token')
  })

  it('an error page after a write carries the token', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const handler = chain(sessionMiddleware({ pool }), () => {
      pool.write()
      throw new Error('after the write')
    })
    await using server = await serve(protocol, handler)
    expect(await server.ask()).toMatchObject({
      status: 500,
      body: 'after the write',
      headers: { 'x-switchyard-token': 'token' },
    })
  })

  it('a client that goes away while its response is held harms nobody', async () => {
    const pool = new FakeSessionPool()
    const calledBack: unknown[] = []
    let closed: Promise<unknown> | undefined
    const handler = chain(sessionMiddleware({ pool }), (request, response) => {
      if (request.method !== 'POST') return response.end('still here')
      closed = once(response, 'close')
      pool.write()
      response.write('written', (error) => calledBack.push(error))
      return response.end()
    })
    await using server = await serve(protocol, handler)
    const leaving = new AbortController()
    const answer = server.ask({ method: 'POST', signal: leaving.signal })
    await pool.untilAsked()
    leaving.abort()
    await expect(answer).rejects.toThrow('abort')
    await closed
    pool.answer('token')
    while (calledBack.length === 0) await settle()
    expect(calledBack).toEqual([expect.any(Error)])
    expect((await server.ask()).body).toBe('still here')
  })

  it('a stream is not read on while its response is held', async () => {
    const pool = new FakeSessionPool()
    let parts = 0
    const handler = chain(sessionMiddleware({ pool }), (request, response) => {
      if (request.method !== 'POST') return response.end()
      pool.write()
      return new Readable({
        highWaterMark: 1,
        read() {
          parts += 1
          this.push(parts > 1000 ? null : 'part ')
        },
      }).pipe(response)
    })
    await using server = await serve(protocol, handler)
    const answer = server.ask({ method: 'POST' })
    await pool.untilAsked()
    await server.ask()
    expect(parts).toBeLessThan(10)
    pool.answer('token')
    expect((await answer).body).toHaveLength(5000)
  })

  it('what comes after it may wait: next gives what it gives', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const middleware = sessionMiddleware({ pool })
    const handler: TestHandler = (request, response) => {
      void middleware(request, response, async () => {
        await settle()
        pool.write()
        return 'written later'
      }).then((text) => response.end(text))
    }
    await using server = await serve(protocol, handler)
    expect(await server.ask()).toMatchObject({
      body: 'written later',
      headers: { 'x-switchyard-token': 'token' },
    })
  })
})

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
})
