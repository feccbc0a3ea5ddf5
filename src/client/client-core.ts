import type { Client, PoolClient } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import type { Explanation } from '../observability/explain.ts'
import type { ConnectionFacade } from './connection-facade.ts'
import type { Run } from './replica-transaction.ts'
import type { Submission } from './submission.ts'
import type { VirtualConnection } from './virtual-connection.ts'

export type Ended = (error?: Error) => void

/** The client that a core is the inside of. */
export interface Shell {
  readonly client: Client
  readonly facade: ConnectionFacade
}

/** The inside of a routed client: what is behind node-postgres' surface. */
export interface ClientCore {
  /** The tier of each request that names none. */
  readonly tier: string | undefined
  /** Absent before there is a cluster. */
  readonly connection: VirtualConnection | undefined
  /** In node-postgres' words, why statements are not taken now, if they are not. */
  readonly refusal: string | undefined
  /** The session of the calling code. */
  session(): MutableSession
  query(run: Run): void
  submit(submission: Submission, session: MutableSession): void
  explain(query: Run['query'], session: MutableSession): Promise<Explanation>
  connect(done: (error: Error | undefined) => void): void
  end(done: Ended): void
  /** As when the connection breaks. */
  cut(): void
}

/** Whether a client can be handed out again. */
export function isUsable(client: PoolClient): boolean {
  return Reflect.get(client, '_ending') !== true
}
