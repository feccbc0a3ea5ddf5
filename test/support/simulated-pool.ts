import { Client, type PoolClient } from 'pg'
import { Checkouts } from '../../src/client/checkouts.ts'
import type { ClientKind } from '../../src/client/client-kind.ts'
import { isSubmittable, normalizeQuery, promised } from '../../src/client/query-arguments.ts'
import { routedClientClass, type Explaining } from '../../src/client/routed-client.ts'
import type { PoolOptions } from '../../src/config/options.ts'
import { resolveOptions } from '../../src/config/resolved-options.ts'
import type { MutableSession } from '../../src/consistency/session.ts'
import type { Done } from '../../src/execution/execution.ts'
import type { LeasePoolListener } from '../../src/nodes/lease-pool.ts'
import type { Explanation } from '../../src/observability/explain.ts'
import { composeRouter, type Router } from '../../src/router/compose-router.ts'
import type { Balancer } from '../../src/selection/balancer.ts'
import type { NodeView } from '../../src/topology/snapshot.ts'
import { FakePlatform, settle } from './fake-platform.ts'
import { SimulatedNetwork } from './simulated-network.ts'

/** How long a promise may take by the platform's clock, in milliseconds. */
const LONGEST_MS = 10_000

const RoutedClient = routedClientClass(Client, () => {
  throw new Error('Clients come from the pool')
})

/** A whole router over simulated servers, on a clock that moves only when a test lets it: `p` is the primary, `a` and `b` its replicas. */
export class SimulatedPool {
  readonly platform: FakePlatform
  readonly network: SimulatedNetwork
  readonly router: Router
  /** Replicas in the order in which the balancer has them. */
  preferred: readonly string[] = ['a', 'b']
  readonly #options: PoolOptions
  readonly #balancer: Balancer = {
    order: (candidates) => candidates.toSorted((a, b) => this.#rankOf(a) - this.#rankOf(b)),
  }
  #busy = 0

  constructor(platform: FakePlatform, network: SimulatedNetwork, given: PoolOptions = {}) {
    this.platform = platform
    this.network = network
    this.#options = {
      host: 'p',
      replicas: [{ host: 'a' }, { host: 'b' }],
      balancer: this.#balancer,
      logger: false,
      ...given,
    }
    const listener: LeasePoolListener = {
      connected: () => undefined,
      released: () => {},
      removed: () => {},
      opened: (node, client, proceed) => this.router.connectionOpened(node, client, proceed),
      idleError: (node, error) => this.router.connectionLost(node, error),
    }
    const options = resolveOptions(this.#options)
    this.router = composeRouter({ options, platform, connect: network.connect, listener })
  }

  query(config: unknown, session: MutableSession = this.router.sessions.context.current()): Promise<unknown> {
    const submit = (done: Done): void => {
      if (isSubmittable(config)) this.#checkouts().submit(config, done)
      else this.router.dispatcher.submit(normalizeQuery(config, undefined), session, {}, done)
    }
    return this.resolved(promised((done) => this.router.sessions.context.run(session, () => submit(done))))
  }

  connect(kind: Partial<ClientKind> = {}): Promise<PoolClient & Explaining> {
    return this.resolved(this.take(kind))
  }

  /** Like `connect`, without letting time pass. */
  take(kind: Partial<ClientKind> = {}): Promise<PoolClient & Explaining> {
    return this.#checkouts(kind).take() as Promise<PoolClient & Explaining>
  }

  /** Number of clients that are in use. */
  get busy(): number {
    return this.#busy
  }

  explain(
    config: unknown,
    session: MutableSession = this.router.sessions.context.current(),
  ): Promise<Explanation> {
    return this.resolved(this.router.decider.explain(normalizeQuery(config, undefined), session))
  }

  /** Lets time pass until the promise is settled. */
  async resolved<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = promise.finally(() => (isSettled = true))
    settled.catch(() => {})
    await settle()
    for (let ms = 0; !isSettled && ms < LONGEST_MS; ms++) await this.platform.advance(1)
    if (!isSettled) throw new Error(`Nothing has come of it within ${LONGEST_MS} ms`)
    return settled
  }

  end(): Promise<void> {
    return this.resolved(this.router.end())
  }

  #rankOf({ id }: NodeView): number {
    return this.preferred.indexOf(hostOf(id))
  }

  #checkouts({ isEager = false, primaryOnly = false, tier }: Partial<ClientKind> = {}): Checkouts {
    return new Checkouts({
      ClientClass: RoutedClient,
      router: this.router,
      config: { host: 'p' },
      kind: { tier, primaryOnly, isEager: isEager || primaryOnly },
      max: 10,
      acquiring: () => undefined,
      leaks: undefined,
      usage: { patienceMs: 10_000, begun: () => (this.#busy += 1), over: () => (this.#busy -= 1) },
    })
  }
}

/** The host of a node's name: ports are all the same. */
export function hostOf(id: string): string {
  return id.replace(/:.*/, '')
}

/** A pool over `p` and its replicas; what was done to the servers by `prepare` was so before it saw them. */
export function simulatedPool(
  options: PoolOptions = {},
  prepare: (network: SimulatedNetwork) => void = () => {},
): SimulatedPool {
  const platform = new FakePlatform()
  const network = new SimulatedNetwork(platform)
  const primary = network.add('p')
  network.add('a', primary)
  network.add('b', primary)
  prepare(network)
  return new SimulatedPool(platform, network, options)
}
