import type { DiscoveredNode, Discovery, KnownServers } from './discovery.ts'
import { intervalOption, invalidOption } from './options.ts'

/**
 * Returns all servers of the cluster, primary included.
 *
 * @example
 * const discover: DiscoverNodes = async () => [{ host: 'primary' }, { host: 'r1' }]
 */
export type DiscoverNodes = (
  signal: AbortSignal,
  known?: KnownServers,
) => readonly DiscoveredNode[] | Promise<readonly DiscoveredNode[]>

/**
 * Options of `functionDiscovery()`.
 *
 * @example
 * const options: FunctionDiscoveryOptions = { intervalMs: 5000 }
 */
export interface FunctionDiscoveryOptions {
  /** Time between two calls, in milliseconds, at least 100. @defaultValue 30_000 */
  readonly intervalMs?: number | undefined
}

/**
 * Creates a discovery from a function.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION
 * @example
 * new Pool({
 *   user: 'app',
 *   discovery: functionDiscovery(async () => [{ host: 'primary' }, { host: 'r1' }]),
 * })
 */
export function functionDiscovery(
  discover: DiscoverNodes,
  options: FunctionDiscoveryOptions = {},
): Discovery {
  if (typeof discover !== 'function') throw invalidOption('discovery', 'a function', discover)
  return {
    intervalMs: intervalOption('functionDiscovery.intervalMs', options.intervalMs, 30_000),
    discover: async (signal, known) => discover(signal, known),
  }
}
