import { Socket } from 'node:net'

/** Parse, the message that starts the server's `statement_timeout`. */
const PARSE = 'P'.charCodeAt(0)

/**
 * Sockets over which BEGIN fails by `statement_timeout`: they send the Parse of BEGIN, with which the server starts the
 * timeout, and everything behind it so much later.
 */
export class BeginCutter {
  /** How many BEGINs were cut. */
  cuts = 0
  readonly #delayMs: number

  constructor(delayMs: number) {
    this.#delayMs = delayMs
  }

  /** Makes a socket for node-postgres. */
  readonly stream = (): Socket => {
    const socket = new Socket()
    const write = socket.write.bind(socket)
    let held: Buffer[] | undefined
    const flow = (): void => {
      const all = held ?? []
      held = undefined
      for (const bytes of all) write(bytes)
    }
    const cutting = (bytes: Buffer, ...rest: never[]): boolean => {
      if (held !== undefined) return held.push(bytes) < 0
      if (bytes[0] === PARSE && /begin/i.test(bytes.toString('latin1'))) {
        this.cuts += 1
        held = []
        setTimeout(flow, this.#delayMs)
      }
      return write(bytes, ...rest)
    }
    // `connect()` resets the method.
    return socket.once('connect', () => Object.assign(socket, { write: cutting }))
  }
}
