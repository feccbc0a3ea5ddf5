import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { serve, type Answer, type TestServer } from '../../test/support/http-bench.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { holdResponse, type NodeResponse } from './response-gate.ts'

type Log = (entry: string) => void

interface Scenario {
  readonly what: string
  readonly respond: (response: ServerResponse, log: Log) => void | Promise<void>
  readonly method?: string
  /** HTTP/2 has no such thing, or Node.js does it differently there. */
  readonly http1Only?: true
}

const BIG = 'x'.repeat(3 * 1024 * 1024)

function attempt(log: Log, what: string, action: () => unknown): void {
  try {
    action()
    log(`${what}: done`)
  } catch (error) {
    log(`${what}: ${(error as Error).name} ${String((error as { code?: string }).code)}`)
  }
}

const scenarios: readonly Scenario[] = [
  { what: 'end with text', respond: (response) => void response.end('hello') },
  { what: 'end with nothing', respond: (response) => void response.end() },
  { what: 'end with bytes', respond: (response) => void response.end(Buffer.from('hello')) },
  { what: 'end with an encoding', respond: (response) => void response.end('aGVsbG8=', 'base64') },
  { what: 'end with a callback alone', respond: (response, log) => void response.end(() => log('ended')) },
  {
    what: 'end with text and a callback',
    respond: (response, log) => void response.end('hello', () => log('ended')),
  },
  {
    what: 'several writes, with callbacks in their order',
    respond(response, log) {
      response.write('one ', () => log('one'))
      response.write('two ', 'utf8', () => log('two'))
      response.write(Buffer.from('three '), () => log('three'))
      response.end('four', () => log('four'))
    },
  },
  {
    what: 'headers set before',
    respond(response) {
      response.statusCode = 201
      response.setHeader('X-One', 'one')
      response.setHeader('Set-Cookie', ['a=1', 'b=2'])
      response.end('hello')
    },
  },
  {
    what: 'writeHead with a status',
    respond: (response) => void response.writeHead(404).end('hello'),
  },
  {
    what: 'writeHead with a reason and headers',
    respond: (response) => void response.writeHead(200, 'Fine', { 'X-One': 'one' }).end('hello'),
    http1Only: true,
  },
  {
    what: 'writeHead with headers over headers set before',
    respond(response) {
      response.setHeader('X-One', 'one')
      response.setHeader('X-Two', 'two')
      response
        .writeHead(200, { 'x-one': 'other', 'Set-Cookie': ['a=1', 'b=2'], 'Content-Length': 5 })
        .end('hello')
    },
  },
  {
    what: 'writeHead with a list of headers',
    respond: (response) =>
      void response
        .writeHead(200, ['X-One', 'one', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'] as never)
        .end('hello'),
    http1Only: true,
  },
  {
    what: 'writeHead with a list of pairs',
    respond: (response) =>
      void response
        .writeHead(200, [
          ['X-One', 'one'],
          ['Set-Cookie', 'a=1'],
        ] as never)
        .end('hello'),
    http1Only: true,
  },
  {
    what: 'writeHead, then writes',
    respond(response) {
      response.writeHead(200, { 'Content-Type': 'text/plain' })
      response.write('one ')
      response.end('two')
    },
  },
  {
    what: 'flushHeaders, then the body',
    respond(response, log) {
      response.flushHeaders()
      log(`sent: ${String(response.headersSent)}`)
      response.end('hello')
    },
  },
  {
    what: 'HEAD',
    method: 'HEAD',
    respond: (response) => void response.writeHead(200, { 'X-One': 'one' }).end(),
  },
  { what: '204', respond: (response) => void response.writeHead(204).end() },
  {
    what: '304',
    respond(response) {
      response.statusCode = 304
      response.setHeader('ETag', '"1"')
      response.end()
    },
  },
  {
    what: 'what is asked of a response that has begun and ended',
    respond(response, log) {
      log(`begun: ${String(response.headersSent)} ended: ${String(response.writableEnded)}`)
      response.write('hello')
      log(`begun: ${String(response.headersSent)} ended: ${String(response.writableEnded)}`)
      response.end()
      log(`begun: ${String(response.headersSent)} ended: ${String(response.writableEnded)}`)
    },
  },
  {
    what: 'headers that come too late',
    respond(response, log) {
      response.setHeader('X-One', 'one')
      response.write('hello')
      attempt(log, 'setHeader', () => response.setHeader('X-One', 'late'))
      attempt(log, 'appendHeader', () => response.appendHeader('X-One', 'late'))
      attempt(log, 'removeHeader', () => response.removeHeader('X-One'))
      attempt(log, 'writeHead', () => response.writeHead(500))
      response.statusCode = 500
      response.end()
    },
    http1Only: true,
  },
  {
    what: 'what widely used middlewares look at, although it is not theirs to see',
    respond(response, log) {
      const inner = response as unknown as { readonly _header: unknown; _implicitHeader(): void }
      for (let turn = 0; turn < 2; turn++) if (!inner._header) inner._implicitHeader()
      log(`begun: ${String(inner._header !== null)} ended: ${String(response.finished)}`)
      response.end('hello')
      log(`ended: ${String(response.finished)}`)
    },
    http1Only: true,
  },
  {
    what: 'an answer after the answer',
    respond(response, log) {
      response.on('error', (error) => log(`error: ${String((error as { code?: string }).code)}`))
      response.end('hello')
      response.end('again', () => log('again'))
    },
    http1Only: true,
  },
  {
    what: 'a body that is neither text nor bytes, then an error page',
    respond(response, log) {
      attempt(log, 'write', () => response.write(5))
      attempt(log, 'write', () => response.write(null))
      log(`begun: ${String(response.headersSent)}`)
      response.statusCode = 500
      response.end('sorry')
    },
    http1Only: true,
  },
  {
    what: 'an end that is neither text nor bytes, then an error page',
    respond(response, log) {
      attempt(log, 'end', () => response.end(5 as never))
      response.statusCode = 500
      response.end('sorry')
    },
    http1Only: true,
  },
  {
    what: 'a status that is none, then an error page',
    respond(response, log) {
      response.statusCode = 99
      attempt(log, 'end', () => response.end('hello'))
      attempt(log, 'writeHead', () => response.writeHead(1000))
      log(`begun: ${String(response.headersSent)}`)
      response.statusCode = 500
      response.end('sorry')
    },
    http1Only: true,
  },
  {
    what: 'a header that is none, then an error page',
    respond(response, log) {
      attempt(log, 'writeHead', () => response.writeHead(200, { 'X-One': 'a\nb' }))
      attempt(log, 'writeHead', () => response.writeHead(200, { 'X One': 'a' }))
      log(`begun: ${String(response.headersSent)}`)
      response.writeHead(500).end('sorry')
    },
    http1Only: true,
  },
  {
    what: 'a stream that is piped into it',
    respond: (response) => pipeline(Readable.from(['one ', 'two ', 'three']), response),
  },
  {
    what: 'a big stream that is piped into it',
    respond: (response) =>
      pipeline(Readable.from(Array.from({ length: 48 }, () => BIG.slice(0, 65_536))), response),
  },
  {
    what: 'big writes that wait for drain',
    async respond(response) {
      for (let part = 0; part < 3; part++) {
        if (!response.write(BIG)) await new Promise((resolve) => response.once('drain', resolve))
      }
      response.end()
    },
  },
  {
    what: 'small writes that wait for drain',
    async respond(response) {
      for (let part = 0; part < 3; part++) {
        if (!response.write('small ')) await new Promise((resolve) => response.once('drain', resolve))
      }
      response.end()
    },
  },
]

interface Outcome {
  readonly answer: Answer
  readonly log: readonly string[]
}

/** Runs a scenario on a server, `prepare` having had its way with the response. */
async function outcomeOf(
  protocol: 'http1' | 'http2',
  { method = 'GET', respond }: Scenario,
  prepare: (response: NodeResponse) => void,
): Promise<Outcome> {
  const log: string[] = []
  let closed: Promise<void> | undefined
  await using server: TestServer = await serve(protocol, (_request, response) => {
    response.on('finish', () => log.push('finish'))
    closed = new Promise((resolve) => response.once('close', resolve))
    prepare(response)
    void respond(response, (entry) => log.push(entry))
  })
  const { status, headers, body } = await server.ask({ method })
  await closed
  const { date: _, ...others } = headers
  return { answer: { status, headers: others, body }, log }
}

for (const protocol of ['http1', 'http2'] as const) {
  const own = scenarios.filter(({ http1Only }) => http1Only !== true || protocol === 'http1')

  describe(`${protocol}: a response is what it would have been`, () => {
    it.each(own)('$what', async (scenario) => {
      const bare = await outcomeOf(protocol, scenario, () => {})
      const passed = await outcomeOf(protocol, scenario, (response) =>
        holdResponse(response, {
          isNeeded: () => false,
          prepare: () => Promise.reject(new Error('nobody asked')),
        }),
      )
      expect(passed, 'nothing needed').toEqual(bare)

      let asked = 0
      const held = await outcomeOf(protocol, scenario, (response) =>
        holdResponse(response, {
          isNeeded: () => true,
          async prepare() {
            asked += 1
            for (let turn = 0; turn < 5; turn++) await settle()
            return () => response.setHeader('x-prepared', 'yes')
          },
        }),
      )
      const { 'x-prepared': prepared, ...headers } = held.answer.headers
      expect({ ...held, answer: { ...held.answer, headers } }, 'held').toEqual(bare)
      expect([asked, prepared]).toEqual([1, 'yes'])
    })
  })
}

it('an error of Node.js at a kept call ends the connection, and affects no other', async () => {
  await using server = await serve('http1', (request, response) => {
    holdResponse(response, {
      isNeeded: () => request.method === 'POST',
      prepare: () => Promise.resolve(() => {}),
    })
    response.writeHead(200, request.method === 'POST' ? 'a\nb' : 'Fine').end('hello')
  })
  await expect(server.ask({ method: 'POST' })).rejects.toThrow('socket hang up')
  expect((await server.ask()).body).toBe('hello')
})
