import type { ExecutionListener } from '../execution/execution.ts'
import type { Counters } from '../observability/stats.ts'
import type { Transitions } from '../observability/transitions.ts'
import type { Platform } from '../platform/platform.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Shorter waits are those of the event loop, and are not recorded, in milliseconds. */
const LEAST_WAIT_MS = 1

/** Connects execution to its listeners: statistics, the monitor, and rate-limited events. */
export function executionListener(
  counters: Counters,
  transitions: Transitions,
  cluster: WatchedCluster,
  platform: Pick<Platform, 'now'>,
): ExecutionListener {
  const waited: ExecutionListener['waited'] = (reason, sinceMs, trace) => {
    const durationMs = platform.now() - sinceMs
    if (durationMs >= LEAST_WAIT_MS) trace?.waited(reason, durationMs)
  }
  return {
    sent: (node, trace, askedAtMs) => {
      counters.sent(node)
      if (askedAtMs !== undefined) waited('connection', askedAtMs, trace)
      trace?.sent(node)
    },
    waited,
    retried: (node, reason, error, trace) => trace?.retried(node, reason, error),
    spilled: (reason, trace) => trace?.spilled(reason),
    readAnswered: (node) => counters.readAnswered(node),
    nodeFailed: (node, error) => cluster.suspect(node.id, error),
    nodeSick: (node, error) => transitions.sick(node, error),
    lastResort: () => transitions.often('lastResort'),
    retriesSpent: () => transitions.often('retriesSpent'),
    spillRefused: () => transitions.often('spillRefused'),
  }
}
