/** The purpose of a client: the tier and node of its statements, and when it borrows a connection to the primary. */
export interface ClientKind {
  /** The tier of each request that names none. */
  readonly tier: string | undefined
  /** True when every statement runs on the primary. */
  readonly primaryOnly: boolean
  /** True when a connection to the primary is held from checkout to release, so that its backend is the client's. */
  readonly isEager: boolean
}
