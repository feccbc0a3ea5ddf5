import { Socket } from 'node:net'
import type { Address } from '../../support/tcp-proxy.ts'

/** Names of servers and the addresses that they lead to: a DNS of the pool's own, asked by each new connection. */
export class Names {
  readonly #addresses = new Map<string, Address>()

  /** @param address Absent: the name does not resolve. */
  set(name: string, address: Address | undefined): void {
    if (address === undefined) this.#addresses.delete(name)
    else this.#addresses.set(name, address)
  }

  addressOf(name: string): Address | undefined {
    return this.#addresses.get(name)
  }

  /** A stream for node-postgres, which connects it to a port of a name. */
  socket(): Socket {
    const socket = new Socket()
    const connect = socket.connect.bind(socket)
    socket.connect = ((port: number, host: string): Socket => {
      // Servers with addresses of their own have their port in the name.
      const address = this.#addresses.get(host) ?? this.#addresses.get(`${host}:${port}`)
      if (address !== undefined) return connect(address.port, address.host)
      const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
      process.nextTick(() => socket.destroy(error))
      return socket
    }) as Socket['connect']
    return socket
  }
}
