import type { Client, PoolClient } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import type { Explanation } from '../observability/explain.ts'
import type { ConnectionFacade } from './connection-facade.ts'
import type { Run } from './replica-transaction.ts'
import type { Submission } from './submission.ts'
import type { VirtualConnection } from './virtual-connection.ts'

export type Ended = (error?: Error) => void

/** The client that a core implements. */
export interface Shell {
  readonly client: Client
  readonly facade: ConnectionFacade
}

/** Implementation of a routed client behind the interface of node-postgres. */
export interface ClientCore {
  /** Tier of requests without a tier. */
  readonly tier: string | undefined
  /** Absent until the client has joined a cluster. */
  readonly connection: VirtualConnection | undefined
  /** Returns node-postgres' error message if statements are not accepted now. */
  readonly refusal: string | undefined
  /** The session of the calling code. */
  session(): MutableSession
  query(run: Run): void
  submit(submission: Submission, session: MutableSession): void
  explain(query: Run['query'], session: MutableSession): Promise<Explanation>
  connect(done: (error: Error | undefined) => void): void
  end(done: Ended): void
  /** Behaves as if the connection had broken. */
  cut(): void
}

/** Whether a client can be reused. */
export function isUsable(client: PoolClient): boolean {
  return Reflect.get(client, '_ending') !== true
}
