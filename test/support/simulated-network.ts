import { Client, type ClientConfig } from 'pg'
import type { Platform } from '../../src/platform/platform.ts'
import { SimulatedServer, SimulatedSession } from './simulated-server.ts'
import { SimulatedSocket, type Backend } from './simulated-socket.ts'

/** Servers by host name, and the way to them. Everything takes as long as the platform's clock says. */
export class SimulatedNetwork {
  /** How long a message is on its way, in milliseconds. More than 0: no two moments are the same, as on a real clock. */
  latencyMs = 0.5
  /** Texts that are no question of the library's own, in the order in which they came. */
  readonly received: { readonly host: string; readonly sql: string }[] = []
  readonly #platform: Platform
  readonly #servers = new Map<string, SimulatedServer>()
  #sessions = 0

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /** A primary, or a standby of the given server. */
  add(host: string, follows?: SimulatedServer): SimulatedServer {
    const server = new SimulatedServer(host, (sql) => void this.received.push({ host, sql }), follows)
    this.#servers.set(host, server)
    return server
  }

  at(host: string): SimulatedServer {
    const server = this.#servers.get(host)
    if (server === undefined) throw new Error(`There is no server at ${host}`)
    return server
  }

  get servers(): readonly SimulatedServer[] {
    return [...this.#servers.values()]
  }

  /** How many connections are open. */
  get connections(): number {
    return this.servers.reduce((sum, { sockets }) => sum + sockets.size, 0)
  }

  /** Makes a connection: node-postgres' own, over a socket of this network. */
  readonly connect = (options: ClientConfig): Client => {
    const accept = this.#accept.bind(this)
    return new Client({
      ...options,
      password: 'secret',
      stream: () => new SimulatedSocket({ accept }),
    })
  }

  #accept(socket: SimulatedSocket, host: string, accepted: (backend: Backend | Error) => void): void {
    this.#deliver(() => {
      const server = this.#servers.get(host)
      if (server === undefined || !server.isRunning) return accepted(refusedBy(host))
      server.sockets.add(socket)
      this.#sessions += 1
      const closed = (): void => void server.sockets.delete(socket)
      accepted(new SimulatedSession(server, this.#sessions, (callback) => this.#deliver(callback), closed))
    })
  }

  #deliver(callback: () => void): void {
    this.#platform.schedule(this.latencyMs, callback)
  }
}

function refusedBy(host: string): Error {
  return Object.assign(new Error(`connect ECONNREFUSED ${host}`), { code: 'ECONNREFUSED' })
}
