import type { Duplex } from 'node:stream'
import type { PoolConfig } from 'pg'

/**
 * The node that a stream is for. Beside it, the function gets what node-postgres passes to any function `stream`.
 *
 * @example
 * const labelOf = ({ name }: StreamTarget) => name
 */
export interface StreamTarget {
  /** Name of the node, as in `pool.stats()`: its `name`, or `host:port`. */
  readonly name: string
  /** Absent for a node without one. */
  readonly host: string | undefined
  readonly port: number | undefined
}

/**
 * Returns a new stream for one connection to the node.
 *
 * @example
 * import { Socket } from 'node:net'
 * const stream: StreamFactory = () => new Socket()
 */
export type StreamFactory = (node: StreamTarget) => Duplex | undefined

/**
 * Types a function of the node as node-postgres' option `stream`, for a pool whose nodes share one function. Returns
 * the function itself.
 *
 * @example
 * import { Socket } from 'node:net'
 * new Pool({ host: 'primary', replicas: [{ host: 'r1' }], stream: streamPerNode(() => new Socket()) })
 */
export function streamPerNode(factory: StreamFactory): () => Duplex | undefined {
  return factory as () => Duplex | undefined
}

/** Streams of the same factory and node are the same function, so that a node is recognized by its options. */
const known = new WeakMap<StreamFactory, Map<string, () => Duplex | undefined>>()

/** Number of nodes that are remembered for a factory, those that were asked for last. */
const MOST_NODES = 1_000

/**
 * Returns a factory for node-postgres, which calls it with options of the connection, but without the node. Returns
 * anything else unchanged.
 */
export function nodeStream(given: unknown, name: string, { host, port }: PoolConfig): unknown {
  if (typeof given !== 'function') return given
  const factory = given as StreamFactory
  let bound = known.get(factory)
  if (bound === undefined) known.set(factory, (bound = new Map<string, () => Duplex | undefined>()))
  const key = JSON.stringify([name, host, port])
  let stream = bound.get(key)
  if (stream === undefined) {
    stream = (options?: object) => factory({ ...options, name, host, port })
    // It is bound already when a node's options are made out of those that a pool shows.
    known.set(stream, new Map([[key, stream]]))
  }
  bound.delete(key)
  bound.set(key, stream)
  const [oldest = key] = bound.keys()
  if (bound.size > MOST_NODES) bound.delete(oldest)
  return stream
}
