import { pino } from 'pino'
import type { NodeChange, RouterEventEmitter } from './events.ts'

/** The part of a pino logger that is used. */
export interface Logger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** pino to standard error, warnings and worse. */
export function defaultLogger(): Logger {
  return pino({ name: 'pg-switchyard', level: 'warn' }, pino.destination({ dest: 2, sync: true }))
}

/** Writes what happens to the cluster to the log. Never parameters, never passwords. */
export function logEvents(events: RouterEventEmitter, logger: Logger): void {
  events.on('nodeChanged', (change) => {
    const { node, from, to, cause } = change
    const fields = cause === undefined ? { node, from, to } : { node, from, to, cause: cause.message }
    if (isBad(change)) logger.warn(fields, `Node ${node} is ${to}`)
    else logger.info(fields, `Node ${node} is ${to}`)
  })
  // Without the text: applications write values into it.
  events.on('readRefused', ({ node, cause }) => {
    logger.warn({ node, cause: cause.message }, 'A standby refused a statement that was judged to be a read')
  })
  events.on('hintIgnored', ({ kind, reason }) => {
    logger.warn(
      { kind, reason },
      'A replica was asked for, but the statement is no proven read: it went to the primary',
    )
  })
  events.on('catalogLoaded', ({ functions, relations, durationMs }) => {
    logger.info({ functions, relations, durationMs }, 'The catalog was loaded')
  })
  events.on('catalogFailed', ({ cause, retryInMs }) => {
    const message = cause instanceof Error ? cause.message : String(cause)
    logger.warn(
      { cause: message, retryInMs },
      'The catalog could not be loaded: reads of your own relations go to the primary',
    )
  })
  events.on('connectionLost', ({ node, cause }) => {
    logger.info({ node, cause: cause.message }, 'An idle connection was lost')
  })
}

function isBad({ to }: NodeChange): boolean {
  return to === 'down' || to === 'foreign-cluster' || to === 'same-server'
}
