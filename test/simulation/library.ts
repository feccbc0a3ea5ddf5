import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { CursorLike, PoolLike } from './workload.ts'

/** A loaded copy of the library. */
export interface Library {
  createPool(options: object): PoolLike
  createCursor(text: string): CursorLike
  outcomeOf(error: unknown): string | undefined
}

interface Entry {
  readonly Pool: new (options: object) => PoolLike
  readonly classify: (sql: string) => Promise<unknown>
  readonly outcomeOf: (error: unknown) => string | undefined
}

/** Loads a copy for each of two processes. */
export async function loadLibraries(directory: string): Promise<readonly Library[]> {
  return [await loadLibrary(directory), await loadLibrary(directory)]
}

/** Loads the built library from a folder such as `dist`: a copy with a state of its own, whose parser is ready. */
export async function loadLibrary(directory: string): Promise<Library> {
  const require = createRequire(import.meta.url)
  for (const path of Object.keys(require.cache)) {
    if (path.startsWith(directory)) Reflect.deleteProperty(require.cache, path)
  }
  const { classify, outcomeOf, Pool } = require(join(directory, 'index.js')) as Entry
  // Compiling WebAssembly takes time that no virtual clock knows of.
  await classify('SELECT 1')
  const Cursor = require('pg-cursor') as new (text: string) => CursorLike
  return { createPool: (options) => new Pool(options), createCursor: (text) => new Cursor(text), outcomeOf }
}
