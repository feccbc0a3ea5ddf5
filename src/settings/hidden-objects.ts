import type { PoolClient } from 'pg'
import { mayHideObjects } from '../statement/hides-objects.ts'
import type { Statement } from '../statement/statement.ts'

/** Tracks the connections on which objects may be that no catalog knows; see `mayHideObjects`. */
export class HiddenObjects {
  readonly #connections = new WeakSet<PoolClient>()

  /** Records a statement that is about to be sent. */
  note(client: PoolClient, statement: Statement, path: string | undefined): void {
    if (mayHideObjects(statement, path)) this.add(client)
  }

  /** Records that such objects may be on a connection. */
  add(client: PoolClient): void {
    this.#connections.add(client)
  }

  has(client: PoolClient): boolean {
    return this.#connections.has(client)
  }
}
