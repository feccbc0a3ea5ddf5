import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DashboardHandler } from '../../dashboard/handler.ts'
import type { Pool } from '../../pool/pool-contract.ts'
import { failure } from './problems.ts'

/** The live page of the demo's pool, on a port of this machine. */
export class DemoPage {
  readonly url: string
  readonly #server: Server
  #handler: DashboardHandler | undefined

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://localhost:${(server.address() as AddressInfo).port}/`
    server.on('request', (request, response) => {
      if (this.#handler !== undefined) return this.#handler(request, response)
      response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', refresh: '1' })
      response.end('The servers are starting. This page will come by itself.\n')
    })
  }

  /** Listens on a port, or on any free one for 0. Rejects when the port cannot be had. */
  static async open(port: number): Promise<DemoPage> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(portFailure(port, error)))
      server.listen(port, '127.0.0.1', resolve)
    })
    return new DemoPage(server)
  }

  /** Serves the page of this pool from now on. */
  show(pool: Pool): void {
    this.#handler = pool.dashboard({ title: 'pg-switchyard demo' })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}

function portFailure(port: number, error: Error): Error {
  const code = 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return failure(`Port ${port} is in use: choose another one with "--port"`, error)
  if (code === 'EACCES')
    return failure(`Port ${port} is not allowed: choose another one with "--port"`, error)
  return failure(`The page cannot be served on port ${port}: ${error.message}`, error)
}
