import type { Tags } from '../topology/tags.ts'

/** A named class of work, such as the API or the nightly reports. */
export interface Tier {
  readonly name: string
  /** Share of a node's connections that it may use at once, above 0 and at most 1. */
  readonly share: number
  /** Priority when connections are scarce: 0 is served before 1, and 1 before 2. */
  readonly priority: number
  /** Maximum number of its statements that wait for a connection to one node. */
  readonly maxQueue: number
  /** Maximum time of that wait, in milliseconds. Absent: no limit. */
  readonly maxWaitMs: number | undefined
  /** Time after which the server cancels its statements, in milliseconds. Absent: the connection's own. */
  readonly statementTimeoutMs: number | undefined
  /** Its reads run only on nodes with all of these tags. */
  readonly tags: Tags | undefined
}

/** Name of the tier of statements without one. */
export const DEFAULT_TIER = 'default'
