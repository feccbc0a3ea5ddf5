import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { resolveHttpOptions, type HttpOptions, type ResolvedHttpOptions } from './options.ts'
import { holdResponse, type NodeResponse } from './response-gate.ts'

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
    const begin = resolved.sessionOf(request as R, (name) => request.headers[name])
    return resolved.pool.withSession(begin, (session) => {
      holdResponse(response, {
        isNeeded: () => session.wrote,
        prepare: async () => {
          const newToken = await resolved.responseToken(session)
          return () => carry(newToken, response, resolved)
        },
      })
      return next()
    })
  }
}

function carry(
  token: string | undefined,
  response: NodeResponse,
  resolved: ResolvedHttpOptions<never>,
): void {
  if (token === undefined) return
  if (resolved.header !== undefined) response.setHeader(resolved.header, token)
  if (resolved.setCookie === undefined) return
  const others = [response.getHeader('set-cookie') ?? []].flat().map(String)
  response.setHeader('set-cookie', [...others, resolved.setCookie(token)])
}
