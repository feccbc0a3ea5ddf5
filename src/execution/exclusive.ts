import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import { isBroken } from '../nodes/is-broken.ts'
import type { Done, Send } from './execution.ts'
import { isServerError } from '../platform/server-error.ts'

/** Closes a connection over which an answer is still to come, so that nobody waits for it; node-postgres may ask politely. */
export function hangUp(client: PoolClient): void {
  if (Reflect.get(client, 'readyForQuery') !== false) return
  const { connection } = client as { readonly connection?: PoolClient['connection'] }
  connection?.stream.destroy()
}

/**
 * Runs one statement over a connection that is held exclusively, and tells two moments apart: `done`, when the caller
 * gets the answer, and `idle`, when the server is ready for the next statement and its transaction status is true. After
 * an error the server reports the status a moment later, so an error of the server waits for it; an error of the client
 * (a query timeout, say) does not, because the server may take its time.
 * @param takesOver Asked about an error of the server once it is ready. When true, neither `idle` nor `done` is called.
 */
export function runExclusively(
  client: PoolClient,
  send: Send,
  done: Done,
  idle: (serverError: Error | undefined) => void,
  takesOver?: (error: Error) => boolean,
): void {
  let deliver: (() => void) | undefined
  let serverError: Error | undefined
  let isIdle = false

  const becomeIdle = (): void => {
    // A drain before the answer belongs to queries that a hook has queued in front.
    if (deliver === undefined || isIdle) return
    isIdle = true
    client.removeListener('drain', becomeIdle)
    client.removeListener('end', lose)
    if (serverError !== undefined && takesOver?.(serverError) === true) return
    idle(serverError)
    deliver()
  }
  const answered: Done = (error, result) => {
    if (deliver !== undefined) return
    const isAnswer = isServerError(error)
    if (isAnswer) serverError = error
    deliver = isAnswer ? () => done(error) : () => {}
    if (!isAnswer) done(error, result)
    if (error && isBroken(client)) becomeIdle()
  }
  const lose = (): void => {
    if (deliver !== undefined) return becomeIdle()
    // What node-postgres has to say of it comes first, if anything does.
    process.nextTick(() => {
      answered(new Error('Connection terminated unexpectedly'))
      becomeIdle()
    })
  }
  client.on('drain', becomeIdle)
  client.on('end', lose)
  try {
    send(client, answered)
  } catch (error) {
    answered(asError(error))
    becomeIdle()
  }
}
