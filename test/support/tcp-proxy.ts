import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from '../../src/test-cluster/embedded/ports.ts'
import { ProxiedConnection, type Direction, type Weather } from './proxied-connection.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Starts a proxy on a port of its own, on which it passes everything on to `target`. */
export async function startProxy(target: Address): Promise<TcpProxy> {
  return startBalancer([target])
}

/** Starts a load balancer: new connections go to these servers in turn. */
export async function startBalancer(targets: readonly Address[]): Promise<TcpProxy> {
  const proxy = new TcpProxy(targets, await freePort())
  await proxy.restore()
  return proxy
}

/** A network between a client and a server that a test can hurt. Half-closed connections stay half-closed. */
export class TcpProxy implements AsyncDisposable {
  #targets: readonly Address[]
  #accepted = 0
  readonly #open = new Set<ProxiedConnection>()
  readonly #weather: Weather = { stalled: false, delayMs: 0 }
  readonly #port: number
  #server: Server | undefined

  constructor(targets: readonly Address[], port: number) {
    this.#targets = targets
    this.#port = port
  }

  /** Where clients connect: put it over the server's own configuration. */
  get config(): Address {
    return { host: '127.0.0.1', port: this.#port }
  }

  /** New connections go here from now on, in turn. */
  lead(targets: readonly Address[]): void {
    this.#targets = targets
  }

  /** Clients connected at the moment. */
  get connections(): number {
    return this.#open.size
  }

  /**
   * Like a network that swallows everything: new connections are accepted, nothing is passed either way, ends and resets
   * included, and nothing is closed. New connections reach the target only after `resume`.
   *
   * @param only The direction that is stalled. @defaultValue both
   */
  stall(only?: Direction): void {
    this.#change({ stalled: true, only })
  }

  /** What was held back flows on. */
  resume(): void {
    this.#change({ stalled: false })
  }

  /**
   * Holds back everything that is sent from now on for so long; 0 ends it.
   *
   * @param only The direction that is delayed. @defaultValue both
   */
  delay(ms: number, only?: Direction): void {
    this.#change({ delayMs: ms, only })
  }

  /** Loses every connection without a word to its client. New ones are passed on. */
  forget(): void {
    for (const connection of this.#open) connection.forget()
  }

  /** Ends every connection at both ends, and refuses new ones. Nobody holds the port meanwhile. */
  async cut(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    const closed = [...this.#open].map((connection) => connection.closed)
    for (const connection of this.#open) connection.destroy()
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
    await Promise.all(closed)
  }

  /** Accepts connections again after `cut`, on the same port. Rejects with EADDRINUSE if somebody took it meanwhile. */
  async restore(): Promise<void> {
    if (this.#server !== undefined) return
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) =>
      this.#accept(client),
    )
    this.#server = server
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
  }

  /** Ends everything, for good. */
  close(): Promise<void> {
    return this.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #accept(client: Socket): void {
    const target = this.#targets[this.#accepted++ % this.#targets.length]
    const dial = (): Socket => connect({ host: '127.0.0.1', port: 0, ...target, allowHalfOpen: true })
    const connection = new ProxiedConnection(client, dial, this.#weather)
    this.#open.add(connection)
    void connection.closed.then(() => this.#open.delete(connection))
  }

  #change(weather: Partial<Weather>): void {
    Object.assign(this.#weather, weather)
    for (const connection of this.#open) connection.weatherChanged()
  }
}
