import type { Tags } from '../topology/tags.ts'

/** A named class of work, such as the API or the nightly reports. */
export interface Tier {
  readonly name: string
  /** The part of a node's connections that it may have at once, above 0 and at most 1. */
  readonly share: number
  /** The rank where connections are short: 0 is served before 1, and 1 before 2. */
  readonly priority: number
  /** How many of its statements may wait for a connection to one node. */
  readonly maxQueue: number
  /** How long one of them may wait, in milliseconds. Absent: as long as it takes. */
  readonly maxWaitMs: number | undefined
  /** After so long the server gives its statements up, in milliseconds. Absent: as the connection has it. */
  readonly statementTimeoutMs: number | undefined
  /** Its reads run only on nodes that have all of these. */
  readonly tags: Tags | undefined
}

/** The tier of what names none. */
export const DEFAULT_TIER = 'default'
