/** The purpose of a client: the tier and node of its statements, and when it borrows a connection to the primary. */
export interface ClientKind {
  /** Tier of requests without a tier. */
  readonly tier: string | undefined
  /** True when every statement runs on the primary. */
  readonly primaryOnly: boolean
  /** True when the client holds a connection to the primary from checkout to release, so that it has one backend. */
  readonly isEager: boolean
}
