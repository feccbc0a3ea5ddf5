import type { PoolClient } from 'pg'
import type { Overlay } from '../consistency/overlay.ts'
import { asError } from '../errors/as-error.ts'
import type { CustomSettings } from '../nodes/custom-settings.ts'
import type { Done, Send } from '../nodes/exchange.ts'
import { isInTransaction } from '../nodes/in-transaction.ts'
import { hasOwnQuery } from '../nodes/own-query.ts'
import { preludedQuery, type Prelude } from '../nodes/preluded-query.ts'
import type { Query } from '../nodes/query.ts'
import type { Answered } from '../nodes/shareable-read.ts'
import { wireValues } from '../nodes/wire-values.ts'
import { refused } from './refused.ts'
import { setForSession } from './set-for-session.ts'
import { settingText } from './value.ts'

/** Statements that may run in an implicit transaction with another one, and leave no state on their connection. */
const JOINS =
  /^\s*(?:(?:--[^\n]*\n|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*))*\*\/)\s*)*\(*\s*(?:select|insert|update|delete|merge|with|values|table)\b/i

/** Names the function whose settings may outlast the implicit transaction, and so stay on the connection. */
const SETS = /set_config/i

/** Whether a text calls a function by which it may make settings. */
export function mentionsSetConfig(text: string | undefined): boolean {
  return text !== undefined && SETS.test(text)
}

/** How statements run under the settings of a session. */
export interface OverlaidOptions {
  readonly overlay: Overlay
  readonly custom: CustomSettings
  /** Whether the statement may leave state on its connection, which is then closed. */
  readonly leavesState: boolean
  /** Whether the statement is known to make settings itself. It then needs a connection that is closed after it. */
  readonly makesSettings?: boolean
  /** Marks a connection as not to be reused. */
  readonly spoil: (client: PoolClient) => void
}

/**
 * Sends a query under the settings of a session. Most often they travel ahead of it under the same Sync. They hold
 * until the end of this implicit transaction, and if the server refuses one, it skips the query. A query that cannot
 * run in an implicit transaction waits for the settings, which are undone after it.
 */
export function overlaid(query: Query, options: OverlaidOptions): Send {
  return (client, done) => {
    const joins =
      options.makesSettings !== true && JOINS.test(query.text ?? '') && !mentionsSetConfig(query.text)
    const joined = joins ? joinedQuery(client, query, options) : undefined
    if (joined === undefined) return around(client, query.send, options, done)
    if (joined instanceof Error) return done(joined)
    const answered: Done = (error, result) => {
      if (error && isOfSeveral(error)) return around(client, query.send, options, done)
      done(error, result)
    }
    query.mayRepeat().send(client, joined, answered as Answered)
  }
}

function joinedQuery(client: PoolClient, query: Query, options: OverlaidOptions): object | Error | undefined {
  // The application's own `query` method has to get the query as the application made it.
  if (hasOwnQuery(client)) return undefined
  const { text, values, ...config } = query.asConfig()
  if (typeof text !== 'string' || (values !== undefined && values !== null && !Array.isArray(values)))
    return undefined
  try {
    const wired = Array.isArray(values) ? wireValues(values) : undefined
    return preludedQuery(client, preludeOf(client, options), { ...config, text, values: wired })
  } catch (error) {
    return asError(error)
  }
}

/** Returns the statement that makes the settings for one transaction. */
function preludeOf(client: PoolClient, { custom, overlay }: OverlaidOptions): Prelude {
  const settings = [...overlay.values].flat()
  // Whether a setting has a default can be seen before it is made for the first time.
  const unknown = custom.unknown(client, overlay.custom)
  custom.mark(client, unknown)
  const failed = (error: Error): Error => refused(error, true)
  if (unknown.length === 0)
    return { text: settingText(overlay.values.size, 0, true), values: settings, failed }
  return {
    text: settingText(overlay.values.size, unknown.length, true),
    values: [...unknown, ...settings],
    answered: (fields) => {
      for (const [index, name] of unknown.entries()) if (fields[index] !== null) custom.hadValue(client, name)
    },
    failed,
  }
}

/**
 * Makes the settings for the session of the connection, runs the statement, and restores them. After an error the
 * connection is closed in any case.
 */
function around(client: PoolClient, query: Send, options: OverlaidOptions, done: Done): void {
  const { custom, leavesState, overlay, spoil } = options
  setForSession(client, overlay, custom, (refusal, restore) => {
    if (refusal) return done(refusal)
    query(client, (error, result) => {
      if (error || leavesState || isInTransaction(client)) {
        spoil(client)
        return done(error, result)
      }
      restore((failure) => {
        if (failure) spoil(client)
        done(undefined, result)
      })
    })
  })
}

/** Whether the server has refused a text because it has several statements. It has run none of them. */
function isOfSeveral(error: Error): boolean {
  const { code, routine } = error as { readonly code?: unknown; readonly routine?: unknown }
  return code === '42601' && routine === 'exec_parse_message'
}
