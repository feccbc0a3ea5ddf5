import { describe, expect, it } from 'vitest'
import { FakeSessionPool, tokenAtOnce } from '../../test/support/http-bench.ts'
import { sessionHandler, type CookieJar, type HandlerOptions } from './index.ts'

const COOKIE = 'switchyard=token; Path=/; HttpOnly; SameSite=Lax'

const failures: readonly (readonly [what: string, answer: () => Promise<undefined>])[] = [
  ['no token', () => Promise.resolve(undefined)],
  ['an error', () => Promise.reject(new Error('the pool has ended'))],
]

const kept = {
  all: [] as unknown[],
  get: (): undefined => undefined,
  set: (name: string, value: string): unknown => kept.all.push([name, value]),
}

function request(headers: Readonly<Record<string, string>> = {}): Request {
  return new Request('http://example.org/', { headers })
}

describe('sessionHandler', () => {
  it('a session that did not write: the response itself, without a query', async () => {
    const pool = new FakeSessionPool()
    const response = new Response('read')
    const handler = sessionHandler({ pool }, () => response)
    expect(await handler(request())).toBe(response)
    expect(pool.timeouts).toEqual([])
  })

  it('takes the token of the request', async () => {
    const pool = new FakeSessionPool()
    const handler = sessionHandler({ pool }, () => new Response())
    await handler(request({ cookie: 'a=1; switchyard=mine' }))
    await handler(request({ 'X-Switchyard-Token': 'theirs', cookie: 'switchyard=mine' }))
    await handler(request())
    expect(pool.received).toEqual(['mine', 'theirs', undefined])
  })

  it('gives the token of a session that wrote, when it is there', async () => {
    const pool = new FakeSessionPool()
    const handler = sessionHandler({ pool, holdMs: 20 }, async () => {
      await Promise.resolve()
      pool.write()
      const headers = [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['X-One', 'one'],
      ] as [string, string][]
      return new Response('written', { status: 201, statusText: 'Made', headers })
    })
    let isAnswered = false
    const answer = handler(request()).finally(() => (isAnswered = true))
    await pool.untilAsked()
    expect(isAnswered).toBe(false)
    pool.answer('token')
    const response = await answer
    expect([response.status, response.statusText, await response.text()]).toEqual([201, 'Made', 'written'])
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2', COOKIE])
    expect(response.headers.get('x-one')).toBe('one')
    expect(response.headers.get('x-switchyard-token')).toBe('token')
    expect(pool.timeouts).toEqual([20])
  })

  it.each<readonly [what: string, make: () => Response]>([
    ['a redirect, whose headers are immutable', () => Response.redirect('http://example.org/there', 303)],
    ['a response without a body', () => new Response(null, { status: 204 })],
  ])('%s', async (_, make) => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const handler = sessionHandler({ pool }, () => {
      pool.write()
      return make()
    })
    const response = await handler(request())
    expect(response.status).toBe(make().status)
    expect(response.headers.get('location')).toBe(make().headers.get('location'))
    expect(response.headers.getSetCookie()).toEqual([COOKIE])
    expect(response.body).toBeNull()
  })

  it('a body that streams is handed on as it is', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    let pulls = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1
          if (pulls === 3) return controller.close()
          controller.enqueue(Buffer.from(`part ${pulls} `))
        },
      },
      { highWaterMark: 0 },
    )
    const handler = sessionHandler({ pool }, () => {
      pool.write()
      return new Response(body)
    })
    const response = await handler(request())
    expect(pulls).toBe(0)
    expect(response.body).toBe(body)
    expect(await response.text()).toBe('part 1 part 2 ')
  })

  it('a response that no program can make is left alone', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const response = Response.error()
    const handler = sessionHandler({ pool }, () => {
      pool.write()
      return response
    })
    expect(await handler(request())).toBe(response)
  })

  it.each(failures)('%s in place of a token: the response itself', async (_, answer) => {
    const pool = new FakeSessionPool(answer)
    const response = new Response('written')
    const handler = sessionHandler({ pool }, () => {
      pool.write()
      return response
    })
    expect(await handler(request())).toBe(response)
  })

  it('only a cookie, or only a header', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const write = (): Response => {
      pool.write()
      return new Response()
    }
    const cookie = await sessionHandler({ pool, header: false }, write)(request())
    expect([...cookie.headers]).toEqual([
      ['cache-control', 'private'],
      ['set-cookie', COOKIE],
      ['vary', 'Cookie'],
    ])
    const header = await sessionHandler({ pool, cookie: false, header: 'X-Mine' }, write)(request())
    expect([...header.headers]).toEqual([
      ['cache-control', 'private'],
      ['vary', 'x-mine'],
      ['x-mine', 'token'],
    ])
  })

  it('a response with a token is for its client alone, another one is as the application made it', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const headers = {
      'Cache-Control': 'public, s-maxage=9, max-age=5',
      Vary: 'Accept',
      'CDN-Cache-Control': 'max-age=9',
    }
    const handler = sessionHandler({ pool }, ({ method }) => {
      if (method === 'POST') pool.write()
      return new Response('', { headers })
    })
    const read = await handler(request())
    expect([...read.headers]).toEqual([
      ['cache-control', 'public, s-maxage=9, max-age=5'],
      ['cdn-cache-control', 'max-age=9'],
      ['content-type', 'text/plain;charset=UTF-8'],
      ['vary', 'Accept'],
    ])
    const written = await handler(new Request('http://example.org/', { method: 'POST' }))
    expect([...written.headers]).toEqual([
      ['cache-control', 'private, max-age=5'],
      ['content-type', 'text/plain;charset=UTF-8'],
      ['set-cookie', COOKIE],
      ['vary', 'Accept, Cookie, x-switchyard-token'],
      ['x-switchyard-token', 'token'],
    ])
  })

  it('a response that is thrown carries the token, too', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const handler = sessionHandler({ pool }, () => {
      pool.write()
      const redirect: unknown = Response.redirect('http://example.org/there', 303)
      throw redirect
    })
    const thrown: unknown = await handler(request()).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(Response)
    const { status, headers } = thrown as Response
    expect([status, headers.get('location')]).toEqual([303, 'http://example.org/there'])
    expect(headers.getSetCookie()).toEqual([COOKIE])
  })

  it.each<readonly [what: string, jar: () => CookieJar | Promise<CookieJar>, kept: unknown]>([
    ['keeps the token', () => kept, [['switchyard', 'token']]],
    ['that comes later keeps the token', () => Promise.resolve(kept), [['switchyard', 'token']]],
    ['that fails hides no error', () => Promise.reject(new Error('no cookies')), []],
  ])('a jar %s when the handler throws', async (_, jar, expected) => {
    kept.all.length = 0
    const pool = new FakeSessionPool(tokenAtOnce)
    const handler = sessionHandler({ pool, jar }, ({ method }) => {
      if (method === 'POST') pool.write()
      throw new Error('NEXT_REDIRECT')
    })
    await expect(handler(request())).rejects.toThrow('NEXT_REDIRECT')
    expect(kept.all).toEqual([])
    await expect(handler(new Request('http://a/', { method: 'POST' }))).rejects.toThrow('NEXT_REDIRECT')
    expect(kept.all).toEqual(expected)
  })

  it('a jar that is no function is refused', () => {
    const options = { pool: new FakeSessionPool(), jar: {} } as unknown as HandlerOptions<Request>
    expect(() => sessionHandler(options, () => new Response())).toThrow('Option "jar" must be a function')
  })

  it('an error of the handler is thrown, and arguments after the request are passed on', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const handler = sessionHandler(
      { pool },
      (_request, environment: string, context: { readonly id: number }) => {
        if (context.id === 0) throw new Error(environment)
        return new Response(`${environment} ${context.id}`)
      },
    )
    await expect(handler(request(), 'broken', { id: 0 })).rejects.toThrow('broken')
    expect(await (await handler(request(), 'here', { id: 1 })).text()).toBe('here 1')
  })
})
