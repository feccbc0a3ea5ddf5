import type { ClientConfig } from 'pg'
import { parseConnectionString } from '../config/connection-string.ts'
import { SwitchyardError } from '../errors/error.ts'
import { usageError } from './command.ts'

const ADDRESS = /^(?:postgres(?:ql)?:\/\/|socket:|\/)/i

/** Parses the address that a flag such as `--primary` was given. Errors do not contain it: it may have a password. */
export function addressOf(flag: string, url: string): ClientConfig {
  if (!ADDRESS.test(url)) {
    throw usageError(`Option "${flag}" must be an address such as postgres://user@host:5432/database`)
  }
  try {
    return parseConnectionString(flag, url)
  } catch (error) {
    throw error instanceof SwitchyardError ? usageError(error.message) : error
  }
}

/** Returns `host:port`, which names a server in messages. */
export function nameOf({ host = 'localhost', port = 5432 }: ClientConfig): string {
  return host.startsWith('/') ? host : `${host}:${port}`
}
