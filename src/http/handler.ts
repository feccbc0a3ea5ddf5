import { carryToken } from './carry.ts'
import { resolveHttpOptions, type HttpOptions, type ResolvedHttpOptions } from './options.ts'
import { tokenIn } from './request-token.ts'
import type { TokenSession } from './session-pool.ts'

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
 * writes of a streaming body after the handler has returned. A `Response` that the handler throws carries the token as
 * well. If it throws anything else, there is no response to carry one.
 *
 * @throws {SwitchyardError} `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`.
 */
export function sessionHandler<R extends Request, Rest extends readonly unknown[]>(
  options: HttpOptions<R>,
  handler: WebHandler<R, Rest>,
): (request: R, ...rest: Rest) => Promise<Response> {
  const resolved = resolveHttpOptions(options)
  return async (request, ...rest) => {
    const begin = resolved.sessionOf(request, tokenIn(request.headers, resolved.names))
    return resolved.pool.withSession(begin, async (session) => {
      try {
        return await withToken(await handler(request, ...rest), session, resolved)
      } catch (error) {
        throw error instanceof Response ? await withToken(error, session, resolved) : error
      }
    })
  }
}

async function withToken(
  response: Response,
  session: TokenSession,
  resolved: ResolvedHttpOptions<never>,
): Promise<Response> {
  if (!session.wrote || !canBeCopied(response)) return response
  const token = await resolved.responseToken(session)
  if (token === undefined) return response
  // The headers of a redirect or a fetched response are immutable.
  const { status, statusText } = response
  const headers = new Headers(response.headers)
  carryToken(token, headers, resolved)
  return new Response(response.body, { status, statusText, headers })
}

/** A WebSocket upgrade and a network error have statuses that the constructor of `Response` rejects. */
function canBeCopied(response: Response): boolean {
  return response.status >= 200 && response.status <= 599
}
