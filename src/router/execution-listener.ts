import type { ExecutionListener } from '../execution/execution.ts'
import type { Counters } from '../observability/stats.ts'
import type { Transitions } from '../observability/transitions.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Connects execution to its listeners: statistics, the monitor, and rate-limited events. */
export function executionListener(
  counters: Counters,
  transitions: Transitions,
  cluster: WatchedCluster,
): ExecutionListener {
  return {
    sent: (node) => counters.sent(node),
    readAnswered: (node) => counters.readAnswered(node),
    nodeFailed: (node, error) => cluster.suspect(node.id, error),
    nodeSick: (node, error) => transitions.sick(node, error),
    lastResort: () => transitions.often('lastResort'),
    retriesSpent: () => transitions.often('retriesSpent'),
    spillRefused: () => transitions.often('spillRefused'),
  }
}
