import { resolveHttpOptions, type HttpOptions } from './options.ts'

/** A handler of Web API requests. Further arguments (an environment, a context) are passed on. */
export type WebHandler<R extends Request, Rest extends readonly unknown[]> = (
  request: R,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * Wraps `handler` so that each request runs in a session: it reads its client's earlier writes, and the client's later
 * requests read its writes. For Hono, Next.js and every other framework with Web API requests.
 *
 * The response of a session that wrote is held until its token is available, at most `holdMs`. The token does not cover
 * writes of a streaming body after the handler has returned. If the handler throws, there is no response to carry a
 * token.
 *
 * @throws {SwitchyardError} `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`.
 */
export function sessionHandler<R extends Request, Rest extends readonly unknown[]>(
  options: HttpOptions<R>,
  handler: WebHandler<R, Rest>,
): (request: R, ...rest: Rest) => Promise<Response> {
  const resolved = resolveHttpOptions(options)
  return async (request, ...rest) => {
    const begin = resolved.sessionOf(request, (name) => request.headers.get(name))
    return resolved.pool.withSession(begin, async (session) => {
      const response = await handler(request, ...rest)
      if (!session.wrote || !canBeCopied(response)) return response
      const newToken = await resolved.responseToken(session)
      if (newToken === undefined) return response
      // The headers of a redirect or a fetched response are immutable.
      const { status, statusText } = response
      const headers = new Headers(response.headers)
      if (resolved.header !== undefined) headers.set(resolved.header, newToken)
      if (resolved.setCookie !== undefined) headers.append('set-cookie', resolved.setCookie(newToken))
      return new Response(response.body, { status, statusText, headers })
    })
  }
}

/** A WebSocket upgrade and a network error have statuses that the constructor of `Response` rejects. */
function canBeCopied(response: Response): boolean {
  return response.status >= 200 && response.status <= 599
}
