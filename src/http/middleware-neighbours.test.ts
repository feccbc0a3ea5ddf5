import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { chain, FakeSessionPool, serve, type Middleware } from '../../test/support/http-bench.ts'
import { sessionMiddleware } from './index.ts'

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
})
