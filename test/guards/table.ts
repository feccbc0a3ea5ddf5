import type { Guard } from './guard.ts'
import { CONSISTENCY } from './table/consistency.ts'
import { EXECUTION } from './table/execution.ts'
import { TOPOLOGY } from './table/topology.ts'

/** All guards. */
export const GUARDS: readonly Guard[] = [...CONSISTENCY, ...TOPOLOGY, ...EXECUTION]

/** Some of each kind, for a run of a few minutes. */
const QUICK_NAMES: ReadonlySet<string> = new Set([
  'floor-per-relation',
  'key-in-relation',
  'floor-asked-after-write',
  'monotonic-reads',
  'position-timeline',
  'old-timeline',
  'lag-unknown',
  'write-sent-once',
])
export const QUICK: readonly Guard[] = GUARDS.filter(({ name }) => QUICK_NAMES.has(name))
