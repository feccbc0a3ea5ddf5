import { parse } from 'pg-connection-string'
import type { ClientConfig } from 'pg'
import { describe } from '../errors/describe.ts'
import { invalid } from './validate.ts'

/** `scheme://user:password@hosts/rest`, without parsing its parts. */
const URL_PARTS = /^(postgres(?:ql)?:\/\/)((?:[^/?#]*)@)?([^/?#]*)(.*)$/is

/** A URL or the path of a socket. node-postgres would connect with anything else to a host named "base". */
const ADDRESS = /^(?:\/|[a-z][a-z0-9+.-]*:\/)/i

/**
 * Splits a connection string with several hosts (`postgres://u:p@h1:5432,h2:5433/db`) into one string per host. Returns
 * others unchanged.
 */
export function splitHosts(connectionString: string, name = 'connectionString'): readonly string[] {
  const [, scheme, userInfo = '', hosts = '', rest = ''] = URL_PARTS.exec(connectionString) ?? []
  if (scheme === undefined || !hosts.includes(',')) return [connectionString]
  return hosts.split(',').map((host) => {
    if (host === '') throw invalid(`Option "${name}" has an empty host in its list of hosts`)
    return `${scheme}${userInfo}${host}${rest}`
  })
}

/** A host, with a port or a path: all that is shown of what is no connection string. The rest may hold a password. */
const HOST = /^[\w./-]*(?::\d*)?$/

function received(value: unknown): string {
  return typeof value === 'string' && !HOST.test(value)
    ? `a string of ${value.length} characters`
    : describe(value)
}

/**
 * Parses a connection string into options of node-postgres. Empty parts are left out, so that they can be inherited.
 * Error messages never contain the string, which has a password.
 */
export function parseConnectionString(name: string, connectionString: string): ClientConfig {
  const wanted = `Option "${name}" must be a connection string such as postgres://user@host:5432/db`
  if (typeof connectionString !== 'string' || !ADDRESS.test(connectionString)) {
    throw invalid(`${wanted}; received ${received(connectionString)}`)
  }
  if (splitHosts(connectionString, name).length > 1)
    throw invalid(`${wanted} with one host; received several`)
  try {
    const fields = Object.entries(parse(connectionString))
    return Object.fromEntries(
      fields.filter(([, value]) => value !== undefined && value !== null && value !== ''),
    )
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it cannot be parsed'
    throw invalid(`${wanted}: ${why}`)
  }
}
