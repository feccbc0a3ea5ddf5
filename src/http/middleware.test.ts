import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import {
  chain,
  FakeSessionPool,
  serve,
  tokenAtOnce,
  type TestHandler,
} from '../../test/support/http-bench.ts'
import { sessionMiddleware } from './index.ts'

const COOKIE = 'switchyard=token; Path=/; HttpOnly; SameSite=Lax'

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

  it('only the state at the start of a response counts: later writes hold nothing back', async () => {
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

  it('code in events of the request runs in its session', async () => {
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

  it('a client that goes away while its response is held affects no other', async () => {
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

  it('later middlewares may wait: next returns their result', async () => {
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
