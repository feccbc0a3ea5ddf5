import { SwitchyardError } from '../errors/error.ts'
import type { DiscoveredNode, Discovery } from './discovery.ts'
import { loadGetJson, type TlsOptions } from './get-json.ts'
import { durationOption, intervalOption, invalidOption } from './options.ts'
import { readCluster } from './patroni-cluster.ts'

/**
 * Options of `patroniDiscovery()`.
 *
 * @example
 * const options: PatroniDiscoveryOptions = { urls: ['http://10.0.0.7:8008'] }
 */
export interface PatroniDiscoveryOptions {
  /** REST APIs of one or more members, such as `http://10.0.0.1:8008`. The others are learned from the answers. */
  readonly urls: readonly (string | URL)[]
  /** Time between two requests, in milliseconds, at least 100. @defaultValue 5_000 */
  readonly intervalMs?: number | undefined
  /** Timeout of a request to one member, in milliseconds. Then the next member is asked. @defaultValue 1_000 */
  readonly timeoutMs?: number | undefined
  /**
   * For https: trusted certificates and a client certificate, as for `tls.connect`. @defaultValue those of the system
   */
  readonly tls?: TlsOptions | undefined
}

/**
 * Creates a discovery that reads Patroni's REST API (`GET /cluster`). It asks the member that answered last, then the
 * others until one answers. Members that failed the last time come last.
 *
 * Every member with an address is a node; one with the tag `noloadbalance` gets no reads. Roles, states and lag in
 * Patroni's answer are up to `loop_wait` (10 s) old, so they are ignored: the pool's own probes are newer.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION
 * @example
 * new Pool({
 *   user: 'app',
 *   discovery: patroniDiscovery({ urls: ['http://10.0.0.7:8008', 'http://10.0.0.8:8008'] }),
 * })
 */
export function patroniDiscovery(options: PatroniDiscoveryOptions): Discovery {
  const given = urlsOption(options.urls)
  const timeoutMs = durationOption('patroniDiscovery.timeoutMs', options.timeoutMs, 1_000)
  const tls = options.tls ?? {}
  const getJson = loadGetJson()
  let learned: readonly URL[] = []
  let answeredLast: readonly URL[] = []
  let failedLast: ReadonlySet<string> = new Set()
  return {
    intervalMs: intervalOption('patroniDiscovery.intervalMs', options.intervalMs, 5_000),
    async discover(signal): Promise<readonly DiscoveredNode[]> {
      const failures: unknown[] = []
      const urls = distinct([...answeredLast, ...given, ...learned])
      const before = failedLast
      const failed = new Set<string>()
      failedLast = failed
      const hasFailed = ({ href }: URL): boolean => before.has(href)
      for (const url of [...urls.filter((each) => !hasFailed(each)), ...urls.filter(hasFailed)]) {
        signal.throwIfAborted()
        try {
          const answer = await getJson(new URL('cluster', url), { signal, timeoutMs, tls })
          const { nodes, apis } = readCluster(answer)
          learned = apis
          answeredLast = [url]
          return nodes
        } catch (error) {
          failures.push(error)
          failed.add(url.href)
        }
      }
      throw allFailed(failures)
    },
  }
}

function allFailed(failures: readonly unknown[]): SwitchyardError {
  const reasons = failures.map((error) => (error instanceof Error ? error.message : String(error)))
  return new SwitchyardError('SWITCHYARD_BAD_DISCOVERY', `No Patroni answered: ${reasons.join('; ')}`, {
    cause: new AggregateError(failures),
    retryable: true,
  })
}

function distinct(urls: readonly URL[]): readonly URL[] {
  return [...new Map(urls.map((url) => [url.href, url])).values()]
}

function urlsOption(urls: unknown): readonly URL[] {
  const legal = 'a list of at least one http or https address'
  if (!Array.isArray(urls) || urls.length === 0) throw invalidOption('patroniDiscovery.urls', legal, urls)
  return urls.map((given: unknown, index) => {
    const url = httpUrl(given)
    if (url === undefined) {
      throw invalidOption(`patroniDiscovery.urls[${index}]`, 'an http or https address', given)
    }
    return url
  })
}

function httpUrl(given: unknown): URL | undefined {
  const text = given instanceof URL ? given.href : given
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const url = new URL(text)
  // A trailing slash makes `cluster` relative to the whole path.
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}
