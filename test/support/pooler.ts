import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Client } from 'pg'
import type { ClusterNode } from '../../src/test-cluster/index.ts'
import type { Address } from './tcp-proxy.ts'
import { startupAnswer } from './wire.ts'

/** Opens a connection to a server, and returns its socket without node-postgres. */
async function dial(node: ClusterNode): Promise<Socket> {
  const client = new Client(node.config)
  await client.connect()
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection
  for (const event of ['data', 'end', 'close', 'error']) stream.removeAllListeners(event)
  return stream.on('error', () => {})
}

/** A pooler whose clients keep their connections while it changes the server behind them. It believes every client. */
export class Pooler implements AsyncDisposable {
  #node: ClusterNode
  /** The clients, with the connection to a server that each has at the moment. */
  readonly #servers = new Map<Socket, Socket>()
  readonly #listener: Server

  private constructor(node: ClusterNode) {
    this.#node = node
    this.#listener = createServer((client) => {
      client.on('error', () => {})
      client.once('data', () => {
        this.#connect(client).then(
          () => client.write(startupAnswer(1, {})),
          () => client.destroy(),
        )
      })
    })
  }

  static async start(node: ClusterNode): Promise<Pooler> {
    const pooler = new Pooler(node)
    pooler.#listener.listen(0, '127.0.0.1')
    await once(pooler.#listener, 'listening')
    return pooler
  }

  get config(): Address {
    return { host: '127.0.0.1', port: (this.#listener.address() as AddressInfo).port }
  }

  /** Moves all clients, which must be idle, to another server. */
  async lead(node: ClusterNode): Promise<void> {
    this.#node = node
    await Promise.all([...this.#servers.keys()].map((client) => this.#connect(client)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#servers.keys()) client.destroy()
    await new Promise((resolve) => this.#listener.close(resolve))
  }

  async #connect(client: Socket): Promise<void> {
    const server = await dial(this.#node)
    const former = this.#servers.get(client)
    former?.removeAllListeners('close').destroy()
    this.#servers.set(client, server)
    client.removeAllListeners('data').removeAllListeners('close')
    client.on('data', (chunk: Buffer) => server.write(chunk))
    client.on('close', () => {
      server.destroy()
      this.#servers.delete(client)
    })
    server.on('close', () => client.destroy())
    server.on('data', (chunk: Buffer) => client.write(chunk))
  }
}
