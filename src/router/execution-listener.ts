import type { ExecutionListener } from '../execution/execution.ts'
import type { Counters } from '../observability/stats.ts'
import type { Transitions } from '../observability/transitions.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Who hears of what execution tells: statistics, the monitor, and those who are told of what happens often. */
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
