import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkFunction, checkNames, checkObject, invalid } from '../config/validate.ts'
import { describe } from '../errors/describe.ts'
import type { Platform } from '../platform/platform.ts'
import { refusalOf } from './access.ts'
import { Collector, type CollectedPool, type PoolInside } from './collector.ts'

/**
 * Options of `pool.dashboard()`.
 *
 * @example
 * const options: DashboardOptions = {
 *   title: 'Shop',
 *   authorize: (request) => request.headers['x-team'] === 'ops',
 * }
 */
export interface DashboardOptions {
  /**
   * Decides whether a request may see the page and its data. Only `true` lets it in. Without this option only requests
   * from this machine are let in. They come from a loopback address, not through a proxy, and go to `localhost`,
   * `127.0.0.1` or `[::1]`.
   */
  readonly authorize?: (request: IncomingMessage) => boolean | Promise<boolean>
  /** Heading of the page. @defaultValue 'pg-switchyard' */
  readonly title?: string
}

/**
 * Answers requests for the page and its data. Works with `node:http` and as a middleware of Express.
 *
 * @example
 * const handler: DashboardHandler = pool.dashboard()
 */
export type DashboardHandler = (request: IncomingMessage, response: ServerResponse) => void

const OPTIONS: ReadonlySet<string> = new Set(['authorize', 'title'])

const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store, no-transform',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** The page is loaded by the first pool that shows it. */
type Page = typeof import('./page.ts')

/** An answer to a request. */
interface Answer {
  readonly status: number
  readonly type: 'text/html' | 'text/plain' | 'application/json'
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Creates the handler of the live page of a pool.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION or SWITCHYARD_UNKNOWN_OPTION.
 */
export function dashboardHandler(
  pool: CollectedPool,
  options: DashboardOptions,
  platform: Platform,
  inside: PoolInside,
): DashboardHandler {
  checkObject('options of dashboard()', options)
  checkNames(options, OPTIONS, 'dashboard()')
  const { authorize, title = 'pg-switchyard' } = options
  if (authorize !== undefined) checkFunction('authorize', authorize)
  if (typeof title !== 'string') throw invalid(`Option "title" must be a string; received ${describe(title)}`)
  const collector = new Collector(pool, platform, title, inside)
  // A rejection without a request would end the process.
  const loading: Promise<Page | undefined> = import('./page.ts').catch(() => undefined)
  return (request, response) => {
    void loading.then(async (page) => {
      const answer =
        page === undefined
          ? text(500, 'The page of the dashboard could not be loaded.')
          : await answerTo(request, authorize, collector, page)
      send(request, response, answer, page)
    })
  }
}

/** Never rejects. */
async function answerTo(
  request: IncomingMessage,
  authorize: DashboardOptions['authorize'],
  collector: Collector,
  page: Page,
): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { ...text(405, 'Only GET and HEAD are answered here.'), headers: { allow: 'GET, HEAD' } }
  try {
    const refusal = await refusalFor(request, authorize)
    if (refusal !== undefined) return text(403, refusal)
    return pageOrData(request.url ?? '/', collector, page)
  } catch {
    // The error is the application's, and may say more than a visitor should read.
    return text(500, 'The function "authorize" of the dashboard failed, or the page could not be made.')
  }
}

async function refusalFor(
  request: IncomingMessage,
  authorize: DashboardOptions['authorize'],
): Promise<string | undefined> {
  if (authorize !== undefined) {
    // JavaScript may answer with anything, such as an object that says no.
    const answer: unknown = await authorize(request)
    return answer === true ? undefined : 'The function "authorize" refused this request.'
  }
  const refusal = refusalOf(request)
  if (refusal === undefined) return undefined
  return (
    `This request is refused because ${refusal}. To serve the page to others, give pool.dashboard() the ` +
    'option "authorize".'
  )
}

function pageOrData(url: string, collector: Collector, { PAGE }: Page): Answer {
  const last =
    url
      .replace(/[?#].*$/s, '')
      .split('/')
      .at(-1) ?? ''
  if (last === 'data')
    return { status: 200, type: 'application/json', body: JSON.stringify(collector.look()) }
  // The browser asks for /favicon.ico and alike, wherever the page is.
  if (last.includes('.')) return text(404, 'There is only the page and its data here.')
  return { status: 200, type: 'text/html', body: PAGE }
}

function text(status: number, message: string): Answer {
  return { status, type: 'text/plain', body: `${message}\n` }
}

function send(
  { method }: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  page: Page | undefined,
): void {
  if (response.destroyed || response.headersSent) return
  const { body, headers = {}, status, type } = answer
  response.writeHead(status, {
    ...HEADERS,
    'content-security-policy': page?.CONTENT_SECURITY_POLICY ?? "default-src 'none'",
    ...headers,
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
  })
  response.end(method === 'HEAD' ? undefined : body)
}
