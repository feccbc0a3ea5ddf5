import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { expect, test } from 'vitest'
import * as module from '../../src/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The names that the installed types of node-postgres declare and export. */
function namesOfTypes(): readonly string[] {
  const text = readFileSync(join(root, 'node_modules/@types/pg/index.d.ts'), 'utf8')
  const declared = text.matchAll(/^export (?:class|const|function|interface|type) (\w+)/gm)
  const listed = text.matchAll(/^export \{([^}]*)\}/gm)
  return [
    ...[...declared].map(([, name = '']) => name),
    ...[...listed].flatMap(([, names = '']) => names.split(',').map((name) => name.trim())),
  ]
}

/** What the compiler says of a file with this text, outside of the package. */
function errorsOf(text: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'types-'))
  const file = join(folder, 'names.ts')
  writeFileSync(file, text)
  const flags = '--noEmit --ignoreConfig --module nodenext --target es2023 --strict --skipLibCheck'.split(' ')
  const options = [...flags, '--allowImportingTsExtensions', '--types', 'node', '--typeRoots']
  const args = [
    join(root, 'node_modules/typescript/bin/tsc'),
    ...options,
    join(root, 'node_modules/@types'),
    file,
  ]
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root }, (_error, stdout) => {
      rmSync(folder, { recursive: true })
      resolve(stdout.split('\n').filter((line) => /names\.ts.*error TS/.test(line)))
    })
  })
}

test('every name that the types of node-postgres export is exported', async () => {
  // The native client is loaded when it is asked for, on the module: a name would load it at once.
  const names = namesOfTypes().filter((name) => name !== 'native')
  expect(names).toEqual(expect.arrayContaining(['ClientBase', 'DatabaseError', 'PoolClient', 'QueryResult']))
  const from = JSON.stringify(join(root, 'src/index.ts'))
  const errors = await errorsOf(`export type { NoSuchName, ${names.join(', ')} } from ${from}\n`)
  expect(errors).toEqual([expect.stringContaining(`'NoSuchName'`)])
})

test('every value of node-postgres is there, by name and on the module', () => {
  const names = Object.keys(pg).filter((name) => !name.startsWith('_'))
  expect(names).toContain('Pool')
  expect(names.filter((name) => !(name in module))).toEqual([])
  expect(names.filter((name) => !(name in module.default))).toEqual([])
  expect('native' in module.default).toBe(true)
})
