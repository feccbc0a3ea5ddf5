import { httpSettingsOf, type HttpOptions } from './options.ts'

/** A handler as the web's standards have it; what comes behind the request (an environment, a context) is passed on. */
export type WebHandler<R extends Request, Rest extends readonly unknown[]> = (
  request: R,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * Gives each request to `handler` a session: what its client wrote before, it reads, and what it writes, its client will
 * read. For Hono, Next.js and everything else that makes a `Response` of a `Request`.
 *
 * A response of a session that wrote is held back until its token is there, at most `holdMs`. What a streaming body
 * writes to the database after the handler has given the response, the token does not cover, and neither does an error
 * that the handler throws: then there is no response to put a token on.
 *
 * @throws {SwitchyardError} `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`.
 */
export function sessionHandler<R extends Request, Rest extends readonly unknown[]>(
  options: HttpOptions,
  handler: WebHandler<R, Rest>,
): (request: R, ...rest: Rest) => Promise<Response> {
  const settings = httpSettingsOf(options)
  return (request, ...rest) => {
    const token = settings.requestToken((name) => request.headers.get(name))
    return settings.pool.withSession({ token }, async (session) => {
      const response = await handler(request, ...rest)
      if (!session.wrote || !canBeCopied(response)) return response
      const newToken = await settings.responseToken(session)
      if (newToken === undefined) return response
      // The headers of a response may be immutable: those of a redirect, or of one that was fetched, are.
      const { status, statusText } = response
      const headers = new Headers(response.headers)
      if (settings.header !== undefined) headers.set(settings.header, newToken)
      if (settings.setCookie !== undefined) headers.append('set-cookie', settings.setCookie(newToken))
      return new Response(response.body, { status, statusText, headers })
    })
  }
}

/** An upgrade to a WebSocket and an error of the network have statuses that no program can give to a response. */
function canBeCopied(response: Response): boolean {
  return response.status >= 200 && response.status <= 599
}
