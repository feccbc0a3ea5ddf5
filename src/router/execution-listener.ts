import type { ExecutionListener } from '../execution/execution.ts'
import type { Counters } from '../observability/stats.ts'
import type { Traffic } from '../observability/traffic.ts'
import type { Transitions } from '../observability/transitions.ts'
import type { Platform } from '../platform/platform.ts'
import type { DecisionListener } from './decider.ts'
import type { Repaired } from './dispatcher.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Shorter waits are those of the event loop, and are not recorded, in milliseconds. */
export const LEAST_WAIT_MS = 1

export interface Listeners {
  readonly cluster: WatchedCluster
  readonly counters: Counters
  readonly platform: Pick<Platform, 'now'>
  readonly traffic: Traffic
  readonly transitions: Transitions
}

/** Connects decisions and execution to their listeners: statistics, traces, the monitor, and rate-limited events. */
export function executionListener({
  cluster,
  counters,
  platform,
  traffic,
  transitions,
}: Listeners): ExecutionListener & DecisionListener & { readonly repaired: Repaired } {
  const waited: ExecutionListener['waited'] = (reason, sinceMs, trace) => {
    const durationMs = platform.now() - sinceMs
    if (durationMs < LEAST_WAIT_MS) return
    traffic.waited(reason, durationMs)
    trace?.waited(reason, durationMs)
  }
  return {
    decided: (decision) => {
      const { query, route, statement } = decision
      traffic.decided(statement, query.text, route)
      query.trace?.decided(decision)
    },
    repaired: (node, reason, cause, { query, statement }) => {
      traffic.repaired(reason, statement, query.text)
      query.trace?.repaired(node, reason, cause)
    },
    sent: (node, trace, askedAtMs) => {
      counters.sent(node)
      if (askedAtMs !== undefined) waited('connection', askedAtMs, trace)
      trace?.sent(node)
    },
    answered: ({ id }, sinceMs) => traffic.answered(id, platform.now() - sinceMs),
    waited,
    retried: (node, reason, error, trace) => {
      traffic.retried(reason)
      trace?.retried(node, reason, error)
    },
    spilled: (reason, trace, subject) => {
      traffic.spilled(reason, subject?.statement, subject?.sql)
      trace?.spilled(reason)
    },
    readAnswered: (node) => counters.readAnswered(node),
    nodeFailed: (node, error) => cluster.suspect(node.id, error),
    nodeSick: (node, error) => transitions.sick(node, error),
    lastResort: () => transitions.often('lastResort'),
    retriesSpent: () => transitions.often('retriesSpent'),
    spillRefused: () => transitions.often('spillRefused'),
  }
}
