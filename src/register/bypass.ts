import { Socket } from 'node:net'
import { serverAt, type Target } from './primary.ts'

type Connect = (this: Socket, ...args: unknown[]) => Socket

/**
 * Calls `bypassed` once when the program connects to the database without the `pg` that was replaced. A bundle may
 * contain a `pg` of its own, or the program uses another copy or another driver. Returns a function that ends this:
 * call it when the program has constructed a pool or a client of the replaced `pg`.
 */
export function watchForBypass({ servers }: Target, bypassed: () => void): () => void {
  const { connect } = Socket.prototype as { connect: Connect }
  let isOver = false
  const watched: Connect = function (...args) {
    if (!isOver && servers.includes(serverOf(args) ?? '')) {
      end()
      bypassed()
    }
    return connect.apply(this, args)
  }
  const end = (): void => {
    isOver = true
    // A tool may have put its own in place of this one since.
    if (Socket.prototype.connect === watched) Object.assign(Socket.prototype, { connect })
  }
  Object.assign(Socket.prototype, { connect: watched })
  return end
}

/** Returns the server in the arguments of `socket.connect()`. Those from `net.connect()` are in a list of their own. */
function serverOf([first, second]: readonly unknown[]): string | undefined {
  const target: unknown = Array.isArray(first) ? first[0] : first
  const { host, port } = (
    typeof target === 'object' && target !== null ? target : { host: second, port: target }
  ) as { readonly host?: unknown; readonly port?: unknown }
  return port === undefined
    ? undefined
    : serverAt(typeof host === 'string' ? host : 'localhost', Number(port))
}
