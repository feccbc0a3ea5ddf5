import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isSameWay } from '../nodes/server-node.ts'
import { withFreshTls } from '../platform/fresh-tls.ts'
import { nodesFrom, nodesOf } from './nodes.ts'
import { resolveOptions } from './resolved-options.ts'
import { tlsFiles } from './tls-files.ts'

let directory: string
let ca: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pg-switchyard-files-'))
  ca = join(directory, 'ca.pem')
  writeFileSync(ca, 'first')
})
afterEach(() => rmSync(directory, { recursive: true }))

describe('files of certificates', () => {
  it('are read for each connection', () => {
    const options = { ssl: tlsFiles({ ca, servername: 'db' }) }
    expect(withFreshTls(options).ssl).toEqual({ ca: 'first', servername: 'db' })
    writeFileSync(ca, 'second')
    expect(withFreshTls(options).ssl).toEqual({ ca: 'second', servername: 'db' })
  })

  it('are read for each connection if a replica’s connection string names them', () => {
    const url = `postgres://r/db?sslmode=verify-full&sslrootcert=${encodeURIComponent(ca)}`
    for (const replica of [url, { connectionString: url }]) {
      const [, node] = nodesOf({ host: 'h' }, [replica])
      writeFileSync(ca, 'first')
      expect(withFreshTls(node?.options ?? {}).ssl).toMatchObject({ ca: 'first' })
      writeFileSync(ca, 'second')
      expect(withFreshTls(node?.options ?? {}).ssl).toMatchObject({ ca: 'second' })
    }
    const [first, second] = [nodesFrom({}, [url])[0], nodesFrom({}, [url])[0]]
    expect(first !== undefined && second !== undefined && isSameWay(first, second)).toBe(true)
  })

  it.each<readonly [options: object, message: string]>([
    [{ ca: '' }, 'Option "ssl.ca" of tlsFiles() must be the path of a file; received ""'],
    [
      { key: '-----BEGIN PRIVATE KEY-----\nsecret' },
      'must be the path of a file; received a string of 34 characters',
    ],
    [{ cert: 7 }, 'Option "ssl.cert" of tlsFiles() must be the path of a file; received 7'],
    [{ ca: '/nowhere/ca.pem' }, 'A file of tlsFiles() cannot be read: /nowhere/ca.pem (ENOENT)'],
  ])('%j are refused', (options, message) => {
    expect(() => tlsFiles(options)).toThrow(message)
    expect(() => tlsFiles(options)).toThrow(expect.objectContaining({ code: 'SWITCHYARD_INVALID_OPTION' }))
  })

  it('are for pools of several nodes', () => {
    expect(() => resolveOptions({ host: 'h', ssl: tlsFiles({ ca }) })).toThrow(
      'only for a pool with replicas',
    )
    resolveOptions({ host: 'h', ssl: tlsFiles({ ca }), replicas: ['postgres://r'] })
  })
})
