import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { carryToken, type ResponseHeaders } from './carry.ts'
import { resolveHttpOptions, type HttpOptions } from './options.ts'
import { tokenIn } from './request-token.ts'
import { holdResponse, type NodeResponse } from './response-gate.ts'
import type { TokenSession } from './session-pool.ts'

export type NodeRequest = IncomingMessage | Http2ServerRequest

/** Middleware for Express and Connect. Returns the result of `next`, for frameworks that await it. */
export type SessionMiddleware = <T>(request: NodeRequest, response: NodeResponse, next: () => T) => T

/**
 * Creates a middleware that runs each request in a session: it reads its client's earlier writes, and the client's
 * later requests read its writes. For Express, Connect, Koa and `node:http` or `node:http2` servers.
 *
 * The response of a session that wrote is held until its token is available, at most `holdMs`. The token does not cover
 * writes after the response has started.
 *
 * @throws {SwitchyardError} `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`.
 */
export function sessionMiddleware<R extends NodeRequest>(options: HttpOptions<R>): SessionMiddleware {
  const resolved = resolveHttpOptions(options)
  return (request, response, next) => {
    const begin = resolved.sessionOf(request as R, tokenIn(request.headers, resolved.names))
    return resolved.pool.withSession(begin, (session) => {
      emitIn(session, request)
      holdResponse(response, {
        isNeeded: () => session.wrote,
        prepare: async () => {
          const newToken = await resolved.responseToken(session)
          return () => {
            if (newToken !== undefined) carryToken(newToken, new NodeHeaders(response), resolved)
          }
        },
      })
      return next()
    })
  }
}

/**
 * Makes the listeners of a request run in its session. Node.js emits the events of its body in the context of the
 * socket, and what parses the body goes on from there.
 */
function emitIn(session: TokenSession, request: NodeRequest): void {
  const emitter: EventEmitter = request
  const emit = emitter.emit.bind(emitter)
  emitter.emit = (name: string | symbol, ...args: readonly unknown[]) =>
    session.run(() => emit(name, ...args))
}

/** Gives a response of Node.js the interface of `Headers`. */
class NodeHeaders implements ResponseHeaders {
  readonly #response: NodeResponse

  constructor(response: NodeResponse) {
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
