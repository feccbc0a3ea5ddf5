import type { ExecutionListener } from './execution/execution.ts'
import type { Counters } from './observability/stats.ts'
import type { Transitions } from './observability/transitions.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Passes on what execution tells: to the statistics, to the monitor, and as events. */
export function executionListener(
  counters: Counters,
  cluster: WatchedCluster,
  transitions: Transitions,
): ExecutionListener {
  return {
    sent: (node) => counters.sent(node),
    readAnswered: (node) => counters.readAnswered(node),
    nodeFailed: (node, error) => cluster.suspect(node.id, error),
    lastResort: () => transitions.often('lastResort'),
    retriesSpent: () => transitions.often('retriesSpent'),
    spillRefused: () => transitions.often('spillRefused'),
  }
}
