/** Connections to one node that many reads share. */
export interface LaneSettings {
  /** How many connections to one node may be lanes. */
  readonly perNode: number
  /** How many reads may be under way on one lane. */
  readonly maxInFlight: number
}

/** Which texts get a name. */
export interface PrepareSettings {
  /** How often a text is seen before it gets a name. */
  readonly after: number
  /** How many names one connection has at most. */
  readonly max: number
}
