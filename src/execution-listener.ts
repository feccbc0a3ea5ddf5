import type { ExecutionListener } from './execution/execution.ts'
import type { Counters } from './observability/stats.ts'
import type { Transitions } from './observability/transitions.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Tells whom it concerns what happens to statements. */
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
