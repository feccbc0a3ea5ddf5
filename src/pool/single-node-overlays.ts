import type { PoolClient } from 'pg'
import { normalizeQuery } from '../client/query-arguments.ts'
import { RELEASED_TWICE } from '../client/words.ts'
import type { Overlay } from '../consistency/overlay.ts'
import { asError } from '../errors/as-error.ts'
import type { Done } from '../execution/execution.ts'
import { CustomSettings, NO_NAMES, type Suitability } from '../nodes/custom-settings.ts'
import { isInTransaction } from '../nodes/in-transaction.ts'
import { openOutside } from '../nodes/open-outside.ts'
import { connectSuiting } from '../nodes/suiting-connection.ts'
import { inThisContext } from '../platform/async-context.ts'
import { mentionsSetConfig, overlaid } from '../settings/overlaid.ts'
import { setForSession, type Restore } from '../settings/set-for-session.ts'
import type { Connected } from './callback-forms.ts'
import { inContextOfCheckout } from './checkout-context.ts'
import { callParent, type BasePool } from './pool-base.ts'

/** Statements that leave no setting on their connection. */
const LEAVES_NOTHING =
  /^\s*(?:alter|analyze|call|cluster|comment|copy|create|do|drop|explain(?![^;]*\banalyze\b)|grant|reindex|refresh|revoke|truncate|vacuum)\b[^;]*;?\s*$/i

type Taken = (error: Error | undefined, client?: PoolClient) => void

/** Requests a connection. Calls `start` with the callback in place of `callback`. */
type Lease = (callback: Connected, start: (callback: Connected) => void) => void

const ignore = (): void => {}

/** Runs the statements and clients of sessions with settings over the connections of a pg.Pool. */
export class SingleNodeOverlays {
  readonly #custom = new CustomSettings()
  readonly #lease: Lease
  #isUsed = false

  constructor(lease: Lease) {
    this.#lease = lease
  }

  /**
   * True once there has been a session with settings. Before that, connections are those of pg.Pool in every respect.
   */
  get isUsed(): boolean {
    return this.#isUsed
  }

  /**
   * Called before the first session with settings is used. Code whose async context is that of a connection then has no
   * session, instead of the one in which the connection was opened.
   * @param outside Runs a function outside of any session.
   */
  use(pool: BasePool, outside: <T>(fn: () => T) => T): void {
    if (this.#isUsed) return
    this.#isUsed = true
    openOutside(pool, outside)
  }

  /** Takes a client, under these settings until it is released. */
  connect(pool: BasePool, overlay: Overlay | undefined, connected: Connected): void {
    this.#take(pool, overlay, (error, client) => {
      if (client === undefined) return connected(error, undefined, ignore)
      if (overlay === undefined) return connected(undefined, client, Reflect.get(client, 'release'))
      client.on('error', ignore)
      setForSession(client, overlay, this.#custom, (refusal, restore) => {
        client.removeListener('error', ignore)
        if (refusal !== undefined) {
          client.release(refusal)
          return connected(refusal, undefined, ignore)
        }
        client.release = restoringRelease(client, restore)
        connected(undefined, client, Reflect.get(client, 'release'))
      })
    })
  }

  /** Runs a query under these settings. */
  query(pool: BasePool, overlay: Overlay, config: unknown, values: unknown, done: Done): void {
    const query = normalizeQuery(config, values)
    this.#take(pool, overlay, (failure, client) => {
      if (client === undefined) return done(failure)
      let isOver = false
      let isSpoilt = false
      const over: Done = (error, result) => {
        if (isOver) return
        isOver = true
        client.removeListener('error', over)
        client.release(error ?? (isSpoilt || isInTransaction(client)))
        query.end(done, error, result)
      }
      client.on('error', over)
      const send = overlaid(query, {
        overlay,
        custom: this.#custom,
        leavesState: mentionsSetConfig(query.text) || !LEAVES_NOTHING.test(query.text ?? ''),
        spoil: () => (isSpoilt = true),
      })
      try {
        send(client, over)
      } catch (error) {
        over(asError(error))
      }
    })
  }

  /** Takes a connection that has had no other custom settings than these. */
  #take(pool: BasePool, overlay: Overlay | undefined, taken: Taken): void {
    const names = overlay?.custom ?? NO_NAMES
    const suitability = (client: PoolClient): Suitability => this.#custom.suitability(client, names)
    // pg-pool calls back in the context of the caller that released the connection, or of its socket.
    const connected: Connected = inThisContext((error?: Error, client?: PoolClient) => {
      if (client === undefined) return taken(error)
      if (!this.#custom.suits(client, names)) {
        client.release(true)
        return this.#take(pool, overlay, taken)
      }
      if (this.#isUsed) inContextOfCheckout(client)
      taken(undefined, client)
    })
    const connect = (callback: Connected): unknown => callParent(pool, 'connect', [callback])
    this.#lease(connected, (leased) => {
      if (this.#isUsed) connectSuiting(pool, suitability, connect, leased)
      else connect(leased)
    })
  }
}

/** A `release` that restores the settings first. It closes the connection if that fails, or a transaction is open. */
function restoringRelease(client: PoolClient, restore: Restore): PoolClient['release'] {
  const giveBack: PoolClient['release'] = Reflect.get(client, 'release').bind(client)
  let isReleased = false
  return (error) => {
    if (isReleased) throw new Error(RELEASED_TWICE)
    isReleased = true
    if (error) return giveBack(error)
    client.on('error', ignore)
    restore((failure) => {
      client.removeListener('error', ignore)
      giveBack(failure ?? isInTransaction(client))
    })
  }
}
