import type * as Http from 'node:http'
import type * as Https from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import { deadline } from '../platform/deadline.ts'
import { requireLazily } from '../platform/require.ts'
import { systemPlatform } from '../platform/system.ts'
import { SwitchyardError } from '../errors/error.ts'

/**
 * Trusted certificates and the client's own for https, as for `tls.connect`.
 *
 * @example
 * const tls: TlsOptions = { servername: 'patroni', rejectUnauthorized: true }
 */
export type TlsOptions = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'rejectUnauthorized' | 'servername'
>

export interface GetOptions {
  readonly signal: AbortSignal
  /** Timeout of the whole request, in milliseconds. */
  readonly timeoutMs: number
  readonly tls: TlsOptions
}

const MOST_CHARACTERS = 1024 * 1024

/** Requests by protocol. */
type Requests = Readonly<Record<'http:' | 'https:', typeof Http.request>>

/** Loads the modules of HTTP, which most pools do not need, and returns `getJson`. */
export function loadGetJson(): (url: URL, options: GetOptions) => Promise<unknown> {
  const http = requireLazily('node:http') as typeof Http
  const https = requireLazily('node:https') as typeof Https
  return (url, options) => getJson({ 'http:': http.request, 'https:': https.request }, url, options)
}

/** Gets a JSON document. Never keeps the process alive. */
function getJson(requests: Requests, url: URL, options: GetOptions): Promise<unknown> {
  const { signal, timeoutMs, tls } = options
  const request = requests[url.protocol === 'https:' ? 'https:' : 'http:']
  return new Promise((resolve, reject) => {
    // The socket's own timeout restarts with each byte.
    const timer = deadline(systemPlatform, timeoutMs, () => fail(`no answer within ${timeoutMs} ms`))
    const fail = (why: string, cause?: unknown): void => {
      timer.cancel()
      reject(
        new SwitchyardError('SWITCHYARD_BAD_DISCOVERY', `GET ${display(url)}: ${why}`, {
          cause,
          retryable: true,
        }),
      )
      asked.destroy()
    }
    const asked = request(url, {
      ...tls,
      signal,
      // A keep-alive connection would stay open until the next call.
      agent: false,
      headers: { accept: 'application/json' },
    })
    asked.on('socket', (socket) => socket.unref())
    asked.on('error', (error) => fail(error.message, error))
    asked.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('error', (error) => fail(error.message, error))
      response.on('data', (text: string) => {
        body += text
        if (body.length > MOST_CHARACTERS) fail(`more than ${MOST_CHARACTERS} characters`)
      })
      response.on('end', () => {
        if (response.statusCode !== 200) return fail(`status ${response.statusCode}`)
        timer.cancel()
        try {
          resolve(JSON.parse(body))
        } catch (error) {
          fail('no JSON', error)
        }
      })
    })
    asked.end()
  })
}

/** Formats a URL without user and password. */
function display({ origin, pathname }: URL): string {
  return `${origin}${pathname}`
}
