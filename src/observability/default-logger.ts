import { writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { systemPlatform } from '../platform/system.ts'
import type { Logger } from './logger.ts'

/** The levels, with their numbers in pino's lines. */
const LEVELS = { info: 30, warn: 40 } as const

const STANDARD_ERROR = 2

/**
 * Creates a logger that writes lines of JSON to standard error, in the form of pino's. pino itself takes 20 ms to load, before
 * the first answer: Jest refuses to load it later, with the first message.
 */
export function defaultLogger(
  level: keyof typeof LEVELS = 'warn',
  write: (line: string) => void = (line) => void writeSync(STANDARD_ERROR, line),
): Logger {
  const at =
    (own: keyof typeof LEVELS) =>
    (fields: object, msg: string): void => {
      if (LEVELS[own] < LEVELS[level]) return
      const time = systemPlatform.wallNowMs()
      const common = {
        level: LEVELS[own],
        time,
        pid: process.pid,
        hostname: hostname(),
        name: 'pg-switchyard',
      }
      write(`${JSON.stringify({ ...common, ...fields, msg })}\n`)
    }
  return { info: at('info'), warn: at('warn') }
}
