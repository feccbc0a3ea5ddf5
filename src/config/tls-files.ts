import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { tlsSource } from '../platform/fresh-tls.ts'
import { describe } from '../errors/describe.ts'
import { checkObject, invalid } from './validate.ts'

/**
 * Paths of certificates and keys, and other options of `tls.connect()`.
 *
 * @example
 * const files: TlsFiles = { ca: '/etc/tls/ca.crt', cert: '/etc/tls/tls.crt', key: '/etc/tls/tls.key' }
 */
export interface TlsFiles extends Omit<ConnectionOptions, 'ca' | 'cert' | 'key'> {
  /** Path of the certificates of the authorities, in PEM. */
  readonly ca?: string | undefined
  /** Path of the client's certificate, in PEM. */
  readonly cert?: string | undefined
  /** Path of the client's key, in PEM. */
  readonly key?: string | undefined
}

const FILES = ['ca', 'cert', 'key'] as const

/**
 * Returns an option `ssl` whose files are read for each new connection, so that certificates which are replaced on disk
 * come into use. Of a file that cannot be read any more the last content is used. For pools with several nodes.
 *
 * Throws `SWITCHYARD_INVALID_OPTION`, also for a file that cannot be read now.
 *
 * @example
 * new Pool({ host: 'primary', ssl: tlsFiles({ ca: '/etc/tls/ca.crt' }) })
 */
export function tlsFiles(files: TlsFiles): ConnectionOptions {
  checkObject('ssl', files)
  for (const name of FILES) {
    const path: unknown = files[name]
    if (path === undefined || (typeof path === 'string' && path !== '' && !path.includes('-----BEGIN')))
      continue
    throw invalid(`Option "ssl.${name}" of tlsFiles() must be the path of a file; received ${describe(path)}`)
  }
  const read = (): ConnectionOptions => {
    const contents = FILES.flatMap((name) => {
      const path = files[name]
      return path === undefined ? [] : [[name, readFileSync(path, 'utf8')] as const]
    })
    return { ...files, ...Object.fromEntries(contents) }
  }
  try {
    read()
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    throw invalid(`A file of tlsFiles() cannot be read: ${path} (${code})`)
  }
  return tlsSource(read)
}
