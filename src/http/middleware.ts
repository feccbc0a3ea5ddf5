import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { httpSettingsOf, type HttpOptions, type HttpSettings } from './options.ts'
import { holdResponse, type NodeResponse } from './response-gate.ts'

export type NodeRequest = IncomingMessage | Http2ServerRequest

/** Middleware as Express and Connect take it. Gives back what `next` gives, for those who wait for it. */
export type SessionMiddleware = <T>(request: NodeRequest, response: NodeResponse, next: () => T) => T

/**
 * Gives each request a session: what its client wrote before, it reads, and what it writes, its client will read. For
 * Express, Connect, Koa and plain `node:http` or `node:http2` servers.
 *
 * A response of a session that wrote is held back until its token is there, at most `holdMs`. What is written after the
 * response began, the token does not cover.
 *
 * @throws {SwitchyardError} `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`.
 */
export function sessionMiddleware(options: HttpOptions): SessionMiddleware {
  const settings = httpSettingsOf(options)
  return (request, response, next) => {
    const token = settings.requestToken((name) => request.headers[name])
    return settings.pool.withSession({ token }, (session) => {
      holdResponse(response, {
        isNeeded: () => session.wrote,
        prepare: async () => {
          const newToken = await settings.responseToken(session)
          return () => carry(newToken, response, settings)
        },
      })
      return next()
    })
  }
}

function carry(token: string | undefined, response: NodeResponse, settings: HttpSettings): void {
  if (token === undefined) return
  if (settings.header !== undefined) response.setHeader(settings.header, token)
  if (settings.setCookie === undefined) return
  const others = [response.getHeader('set-cookie') ?? []].flat().map(String)
  response.setHeader('set-cookie', [...others, settings.setCookie(token)])
}
