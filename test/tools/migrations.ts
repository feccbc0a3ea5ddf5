import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory with two migrations, the second of which needs the first. */
export async function migrations(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'pg-switchyard-migrations-'))
  const files = {
    '1_first.mjs': `
      export const up = (pgm) => pgm.createTable('migrated', { first: 'int' })
      export const down = (pgm) => pgm.dropTable('migrated')`,
    '2_second.mjs': `
      export const up = (pgm) => pgm.addColumn('migrated', { second: 'int' })
      export const down = (pgm) => pgm.dropColumn('migrated', 'second')`,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
