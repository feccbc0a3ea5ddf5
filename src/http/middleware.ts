import type { EventEmitter } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { carryToken, concernsToken, type ResponseHeaders } from './carry.ts'
import { resolveHttpOptions, type HttpOptions, type TokenCarriers } from './options.ts'
import { tokenIn } from './request-token.ts'
import { holdResponse, type NodeResponse } from './response-gate.ts'
import type { SessionPool, TokenSession } from './session-pool.ts'

/**
 * A request of `node:http` or `node:http2`.
 *
 * @example
 * const pathOf = (request: NodeRequest) => request.url
 */
export type NodeRequest = IncomingMessage | Http2ServerRequest

/**
 * Middleware for Express and Connect. Returns the result of `next`, for frameworks that await it.
 *
 * @example
 * const middleware: SessionMiddleware = sessionMiddleware({ pool })
 */
export type SessionMiddleware = <T>(request: NodeRequest, response: NodeResponse, next: () => T) => T

/**
 * Creates a middleware that runs each request in a session: it reads its client's earlier writes, and the client's
 * later requests read its writes. For Express, Connect, Koa and `node:http` or `node:http2` servers.
 *
 * The response of a session that wrote is held until its token is available, at most `holdMs`. The token does not cover
 * writes after the response has started.
 *
 * @throws {SwitchyardError} `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`.
 * @example
 * app.use(sessionMiddleware({ pool }))
 */
export function sessionMiddleware<R extends NodeRequest>(options: HttpOptions<R>): SessionMiddleware {
  const resolved = resolveHttpOptions(options)
  return (request, response, next) => {
    const begin = resolved.sessionOf(request as R, tokenIn(request.headers, resolved.names))
    return resolved.pool.withSession(begin, (session) => {
      emitIn(session, request, resolved.pool)
      emitIn(session, response, resolved.pool)
      holdResponse(response, {
        isNeeded: () => session.wrote,
        prepare: async () => {
          const newToken = await resolved.responseToken(session)
          return () => {
            if (newToken !== undefined) keepCarrying(newToken, response, resolved)
          }
        },
      })
      return next()
    })
  }
}

/**
 * Makes the listeners of a request or a response run in its session. Node.js emits what happens to their bodies in the
 * context of the socket, and what parses or writes a body goes on from there. With requests that are pipelined, that
 * may be the context of another request on the connection.
 */
function emitIn(session: TokenSession, emitter: EventEmitter, pool: SessionPool): void {
  let sessions = emitters.get(emitter)
  if (sessions === undefined) emitters.set(emitter, (sessions = new Map<SessionPool, TokenSession>()))
  const isWrapped = sessions.has(pool)
  // Where an application has two middlewares of one pool, handlers run in the session of the second.
  sessions.set(pool, session)
  if (isWrapped) return
  const emit = emitter.emit.bind(emitter)
  emitter.emit = (name: string | symbol, ...args: readonly unknown[]) =>
    (sessions.get(pool) ?? session).run(() => emit(name, ...args))
}

/** Sessions in which events are emitted, by the pool that they are of. */
const emitters = new WeakMap<EventEmitter, Map<SessionPool, TokenSession>>()

/**
 * Sets the headers of a token. Middlewares in front of this one may change headers at the very last moment, as
 * `on-headers` does. So these headers are set again after such a change.
 */
function keepCarrying(token: string, response: NodeResponse, carriers: TokenCarriers): void {
  let isCarrying = false
  const carry = (): void => {
    isCarrying = true
    try {
      carryToken(token, new NodeHeaders(response), carriers)
    } finally {
      isCarrying = false
    }
  }
  carry()
  // `writeHead()` of node:http sets headers by these methods as well.
  for (const method of ['setHeader', 'appendHeader', 'removeHeader']) {
    wrap(response, method, (own, args) => {
      const result = own(args)
      if (!isCarrying && concernsToken(String(args[0]), carriers.names)) carry()
      return result
    })
  }
  // That of node:http2 does not.
  if (!('stream' in response)) return
  wrap(response.stream, 'respond', (own, args) => {
    const [headers] = args
    if (headers !== null && typeof headers === 'object') {
      carryToken(token, new NodeHeaders(stored(headers as OutgoingHttpHeaders)), carriers)
    }
    return own(args)
  })
}

type Arguments = readonly unknown[]

/** Replaces a method of an object, if it has it. */
function wrap(
  target: object | undefined,
  name: string,
  call: (own: (args: Arguments) => unknown, args: Arguments) => unknown,
): void {
  const method: unknown = target === undefined ? undefined : Reflect.get(target, name)
  if (target === undefined || typeof method !== 'function') return
  const own = (args: Arguments): unknown => Reflect.apply(method, target, args)
  Reflect.set(target, name, (...args: Arguments) => call(own, args))
}

/** Gives headers in an object, with names in lower case, the methods of a response. */
function stored(headers: OutgoingHttpHeaders): HeaderStore {
  return {
    getHeaderNames: () => Object.keys(headers),
    getHeader: (name) => headers[name],
    setHeader: (name, value) => (headers[name] = value),
    removeHeader: (name) => Reflect.deleteProperty(headers, name),
  }
}

/** The part of a response of Node.js that holds its headers. */
interface HeaderStore {
  getHeaderNames(): string[]
  getHeader(name: string): number | string | string[] | undefined
  setHeader(name: string, value: string | string[]): unknown
  removeHeader(name: string): unknown
}

/** Gives a response of Node.js the interface of `Headers`. */
class NodeHeaders implements ResponseHeaders {
  readonly #response: HeaderStore

  constructor(response: HeaderStore) {
    this.#response = response
  }

  keys(): Iterable<string> {
    return this.#response.getHeaderNames()
  }

  get(name: string): string | null {
    const all = this.#all(name)
    return all.length === 0 ? null : all.join(', ')
  }

  set(name: string, value: string): void {
    this.#response.setHeader(name, value)
  }

  append(name: string, value: string): void {
    this.#response.setHeader(name, [...this.#all(name), value])
  }

  delete(name: string): void {
    this.#response.removeHeader(name)
  }

  #all(name: string): string[] {
    return [this.#response.getHeader(name) ?? []].flat().map(String)
  }
}
