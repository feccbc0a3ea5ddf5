import type { DiscoveredNode, Discovery, KnownServers } from './discovery.ts'
import { intervalOption, invalidOption } from './options.ts'

/** Returns all servers of the cluster, primary included. */
export type DiscoverNodes = (
  signal: AbortSignal,
  known?: KnownServers,
) => readonly DiscoveredNode[] | Promise<readonly DiscoveredNode[]>

export interface FunctionDiscoveryOptions {
  /** Time between two calls, in milliseconds, at least 100. @defaultValue 30_000 */
  readonly intervalMs?: number | undefined
}

/**
 * Creates a discovery from a function.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION
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
