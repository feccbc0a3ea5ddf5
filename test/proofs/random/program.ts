/** One statement of a client. */
export interface Program {
  readonly sql: string
  readonly values?: readonly unknown[]
  /** The kind of piece that it belongs to. */
  readonly feature: string
  /** Setting of its connection that decides what names without a schema mean. */
  readonly path: string
  /** Whether it runs under a role that row-level security applies to. */
  readonly asGuest: boolean
  /** Whether its scans should use indexes, as in a large table. */
  readonly byIndex: boolean
  /** Rows to send, for COPY FROM STDIN. */
  readonly lines?: string
}

/** A part of a schema: definitions, and statements that make use of them. */
export interface Piece {
  readonly feature: string
  readonly ddl: readonly string[]
  readonly writes?: readonly string[]
  readonly reads?: readonly string[]
}
