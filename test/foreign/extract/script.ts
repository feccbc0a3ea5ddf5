/** One statement of a suite, as it is sent. */
export interface ForeignStatement {
  readonly sql: string
  /** How many parameters it has; each is sent as NULL. Absent for a text that is sent without any. */
  readonly parameters?: number
}

/** Statements that run in order over one connection, in a schema of their own. */
export interface ForeignScript {
  readonly file: string
  readonly statements: readonly ForeignStatement[]
}
