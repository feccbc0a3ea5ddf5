import { AsyncLocalStorage } from 'node:async_hooks'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import {
  connect,
  createServer as createHttp2Server,
  type IncomingHttpHeaders as Http2Headers,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { SessionPool, TokenSession } from '../../src/http/index.ts'
import { settle } from './fake-platform.ts'

class FakeSession implements TokenSession {
  readonly #storage: AsyncLocalStorage<FakeSession>
  readonly #tokenOf: (timeoutMs: number | undefined) => Promise<string | undefined>
  wrote = false

  constructor(
    storage: AsyncLocalStorage<FakeSession>,
    tokenOf: (timeoutMs: number | undefined) => Promise<string | undefined>,
  ) {
    this.#storage = storage
    this.#tokenOf = tokenOf
  }

  run<T>(fn: () => T): T {
    return this.#storage.run(this, fn)
  }

  token(options?: { readonly timeoutMs?: number }): Promise<string | undefined> {
    return this.#tokenOf(options?.timeoutMs)
  }
}

/** Sessions without a database. */
export class FakeSessionPool implements SessionPool {
  readonly #storage = new AsyncLocalStorage<FakeSession>()
  readonly #waiting: ((token: string | undefined) => void)[] = []
  readonly #answer: () => Promise<string | undefined>
  /** What sessions were begun with. */
  readonly received: (string | undefined)[] = []
  /** The times that sessions were given for their tokens. */
  readonly timeouts: (number | undefined)[] = []

  /** @param answer What sessions say when they are asked for their token; without it they wait for `answer()`. */
  constructor(answer?: () => Promise<string | undefined>) {
    this.#answer = answer ?? (() => new Promise((resolve) => this.#waiting.push(resolve)))
  }

  withSession<T>(options: { readonly token?: string | undefined }, fn: (session: TokenSession) => T): T {
    this.received.push(options.token)
    const session = new FakeSession(this.#storage, (timeoutMs) => {
      this.timeouts.push(timeoutMs)
      return this.#answer()
    })
    return session.run(() => fn(session))
  }

  /** What a handler does when it writes to the database. */
  write(): void {
    const session = this.#storage.getStore()
    if (session === undefined) throw new Error('No session here')
    session.wrote = true
  }

  /** Resolves when a session waits for its token. */
  async untilAsked(): Promise<void> {
    while (this.#waiting.length === 0) await settle()
  }

  /** Gives the sessions that wait their tokens. */
  answer(token: string): void {
    for (const tell of this.#waiting.splice(0)) tell(token)
  }
}

/** The answer of sessions whose token is there at once. */
export function tokenAtOnce(): Promise<string> {
  return Promise.resolve('token')
}

export interface Answer {
  readonly status: number | string | string[] | undefined
  readonly headers: IncomingHttpHeaders | Http2Headers
  readonly body: string
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface TestServer extends AsyncDisposable {
  ask(options?: AskOptions): Promise<Answer>
}

/** Typed for node:http; what node:http2 gives in its place takes the same calls. */
export type TestHandler = (request: IncomingMessage, response: ServerResponse) => void

export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => unknown

/** Runs middlewares in turn, as Express and Connect do. What they throw, or give to `next`, becomes an error page. */
export function chain(...middlewares: readonly Middleware[]): TestHandler {
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

/** A server on a port of its own, and a client for it. */
export async function serve(protocol: 'http1' | 'http2', handler: TestHandler): Promise<TestServer> {
  const server = protocol === 'http1' ? createServer(handler) : createHttp2Server(handler as never)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ask: (options = {}) => (protocol === 'http1' ? ask : askHttp2)(port, options),
    async [Symbol.asyncDispose]() {
      if ('closeAllConnections' in server) server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function ask(port: number, { method = 'GET', headers = {}, signal }: AskOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', method, headers, agent: false as const }
    const request = httpRequest(signal === undefined ? options : { ...options, signal }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end()
  })
}

function askHttp2(port: number, { method = 'GET', headers = {}, signal }: AskOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`)
    session.on('error', reject)
    const options = signal === undefined ? {} : { signal }
    const stream = session.request({ ...headers, ':method': method, ':path': '/' }, options)
    let head: Http2Headers = {}
    let body = ''
    stream.setEncoding('utf8')
    stream.on('response', (response) => (head = response))
    stream.on('data', (chunk: string) => (body += chunk))
    stream.on('error', reject)
    stream.on('close', () => {
      session.close()
      const { ':status': status, ...rest } = head
      if (stream.rstCode === 0) resolve({ status, headers: rest, body })
      else reject(new Error(`The stream was reset: ${stream.rstCode}`))
    })
    stream.end()
  })
}
