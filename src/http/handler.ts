import { checkObject, invalid } from '../config/validate.ts'
import { describe } from '../errors/describe.ts'
import { carryToken } from './carry.ts'
import { keepToken, type CookieJar } from './cookies.ts'
import { resolveHttpOptions, type HttpOptions, type ResolvedHttpOptions } from './options.ts'
import { tokenIn } from './request-token.ts'
import type { TokenSession } from './session-pool.ts'

/**
 * A handler of Web API requests. Further arguments (an environment, a context) are passed on.
 *
 * @example
 * const handler: WebHandler<Request, []> = async () => new Response('ok')
 */
export type WebHandler<R extends Request, Rest extends readonly unknown[]> = (
  request: R,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * Options of `sessionHandler()`.
 *
 * @example
 * const options: HandlerOptions<Request> = { pool }
 */
export interface HandlerOptions<R = unknown> extends HttpOptions<R> {
  /**
   * Returns the framework's cookies, such as `cookies` of Next.js: there the token goes when the handler throws, as for
   * a redirect of Next.js. @defaultValue none: then a session that throws has no token
   */
  readonly jar?: () => CookieJar | Promise<CookieJar>
}

/**
 * Wraps `handler` so that each request runs in a session: it reads its client's earlier writes, and the client's later
 * requests read its writes. For Hono, Next.js and every other framework with Web API requests.
 *
 * The response of a session that wrote is held until its token is available, at most `holdMs`. The token does not cover
 * writes of a streaming body after the handler has returned. A `Response` that the handler throws carries the token as
 * well. If it throws anything else, there is no response to carry one, and the token goes to `jar`, if there is one.
 *
 * @throws {SwitchyardError} `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`.
 * @example
 * const fetch = sessionHandler({ pool }, async (request: Request) =>
 *   Response.json((await pool.query('SELECT 1')).rows),
 * )
 */
export function sessionHandler<R extends Request, Rest extends readonly unknown[]>(
  options: HandlerOptions<R>,
  handler: WebHandler<R, Rest>,
): (request: R, ...rest: Rest) => Promise<Response> {
  checkObject('options', options)
  const { jar, ...others } = options
  if (jar !== undefined && typeof jar !== 'function') {
    throw invalid(`Option "jar" must be a function; received ${describe(jar)}`)
  }
  const resolved = resolveHttpOptions<R>(others)
  const thrown = async (error: unknown, session: TokenSession): Promise<unknown> => {
    if (error instanceof Response) return withToken(error, session, resolved)
    if (jar !== undefined && session.wrote) await keepIn(jar, session, resolved)
    return error
  }
  return async (request, ...rest) => {
    const begin = resolved.sessionOf(request, tokenIn(request.headers, resolved.names))
    return resolved.pool.withSession(begin, async (session) => {
      try {
        return await withToken(await handler(request, ...rest), session, resolved)
      } catch (error) {
        throw await thrown(error, session)
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

async function keepIn(
  jar: () => CookieJar | Promise<CookieJar>,
  session: TokenSession,
  resolved: ResolvedHttpOptions<never>,
): Promise<void> {
  try {
    await keepToken(session, await jar(), resolved)
  } catch {
    // The error of the handler is the one that counts.
  }
}

/** A WebSocket upgrade and a network error have statuses that the constructor of `Response` rejects. */
function canBeCopied(response: Response): boolean {
  return response.status >= 200 && response.status <= 599
}
