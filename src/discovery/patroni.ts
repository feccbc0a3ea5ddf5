import { SwitchyardError } from '../errors/error.ts'
import type { DiscoveredNode, Discovery } from './discovery.ts'
import { getJson, type TlsOptions } from './get-json.ts'
import { durationOption, intervalOption, invalidOption } from './options.ts'
import { readCluster } from './patroni-cluster.ts'

export interface PatroniDiscoveryOptions {
  /** Where the REST API of one or more members is, such as `http://10.0.0.1:8008`. The others' are learned. */
  readonly urls: readonly (string | URL)[]
  /** Time between two looks, in milliseconds, at least 100. @defaultValue 5_000 */
  readonly intervalMs?: number | undefined
  /** How long one member may take to answer before the next one is asked, in milliseconds. @defaultValue 1_000 */
  readonly timeoutMs?: number | undefined
  /** For https: what to trust, and a client certificate, as for `tls.connect`. @defaultValue the system's */
  readonly tls?: TlsOptions | undefined
}

/**
 * Asks Patroni's REST API (`GET /cluster`): the member that answered last, else the next one, until one answers. Members that
 * did not answer the last time are asked last.
 *
 * Every member with an address is a node; tagged `noloadbalance` it gets no reads. Patroni's word on roles, states and
 * lag is up to `loop_wait` (10 s) old, so it is not asked for: the nodes' own is newer.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION
 */
export function patroniDiscovery(options: PatroniDiscoveryOptions): Discovery {
  const given = urlsOption(options.urls)
  const timeoutMs = durationOption('patroniDiscovery.timeoutMs', options.timeoutMs, 1_000)
  const tls = options.tls ?? {}
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
      throw nobody(failures)
    },
  }
}

function nobody(failures: readonly unknown[]): SwitchyardError {
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
  const legal = 'a list of http or https addresses, one at least'
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
  // `cluster` is looked up within the path, if any.
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}
