import type { Guard } from './guard.ts'
import { CLIENTS } from './table/clients.ts'
import { CLUSTERS } from './table/clusters.ts'
import { CONNECTIONS } from './table/connections.ts'
import { CONSISTENCY } from './table/consistency.ts'
import { EDGES } from './table/edges.ts'
import { EXECUTION } from './table/execution.ts'
import { SESSIONS } from './table/sessions.ts'
import { STATEMENTS } from './table/statements.ts'
import { TOPOLOGY } from './table/topology.ts'

/** All guards. */
export const GUARDS: readonly Guard[] = [
  ...CONSISTENCY,
  ...TOPOLOGY,
  ...EXECUTION,
  ...STATEMENTS,
  ...CONNECTIONS,
  ...EDGES,
  ...SESSIONS,
  ...CLUSTERS,
  ...CLIENTS,
]

/** Some of each kind, for a run of a few minutes. */
const QUICK_NAMES: ReadonlySet<string> = new Set([
  'floor-per-relation',
  'key-under-and',
  'monotonic-reads',
  'old-timeline',
  'lag-unknown',
  'write-sent-once',
  'functions-judged',
  'token-signature',
])
export const QUICK: readonly Guard[] = GUARDS.filter(({ name }) => QUICK_NAMES.has(name))
