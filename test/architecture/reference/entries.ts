import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../source.ts'
import { find, sourceFile, type Found } from './syntax.ts'

/** One name that the package exports. */
export interface PublicName {
  /** Module that a program imports it from, such as `pg-switchyard/http`. */
  readonly module: string
  readonly name: string
  readonly found: Found
}

const { exports, name: library } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, string | object>>
  readonly name: string
}

/** Names of all entries of the package, without those of node-postgres that they pass on. */
export const PUBLIC_NAMES: readonly PublicName[] = Object.entries(exports)
  .filter(([, target]) => typeof target === 'object')
  .flatMap(([entry]) => {
    const file = sourceFile(join('src', entry, 'index.ts'))
    return [...file.exported].flatMap(([name, local]) => {
      const found = find(file, local)
      return found === undefined ? [] : [{ module: join(library, entry), name, found }]
    })
  })
