import type { PoolClient } from 'pg'
import { mayHideObjects } from '../statement/hides-objects.ts'
import type { Statement } from '../statement/statement.ts'

/** Tracks the connections on which objects may be that no catalog knows; see `mayHideObjects`. */
export class HiddenObjects {
  readonly #connections = new WeakSet<PoolClient>()
  /** How to judge a statement that was sent before it could be judged. */
  readonly #unjudged = new WeakMap<PoolClient, () => Statement>()

  /** Records a statement that is about to be sent. */
  note(client: PoolClient, statement: Statement, path: string | undefined): void {
    if (mayHideObjects(statement, path)) this.add(client)
  }

  /** Records that such objects may be on a connection. */
  add(client: PoolClient): void {
    this.#connections.add(client)
  }

  /**
   * Records a statement that is about to be sent, and is judged when it first matters what it has left.
   * @param judge Called once the parser is loaded: only then is another statement sent.
   */
  noteUnjudged(client: PoolClient, judge: () => Statement): void {
    this.#unjudged.set(client, judge)
  }

  has(client: PoolClient): boolean {
    const judge = this.#unjudged.get(client)
    if (judge !== undefined) {
      this.#unjudged.delete(client)
      this.note(client, judge(), undefined)
    }
    return this.#connections.has(client)
  }
}
