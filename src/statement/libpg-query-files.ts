import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

/** The part of libpg-query's glue that is used; the package has no types for it. */
export interface PgQueryModule {
  readonly HEAPU8: Uint8Array
  readonly HEAPU32: Uint32Array
  _malloc(bytes: number): number
  _free(pointer: number): void
  _wasm_parse_query_raw(sql: number): number
  _wasm_free_parse_result(result: number): void
  _wasm_parse_plpgsql(sql: number): number
  _wasm_free_string(text: number): void
}

export type CreateModule = (options: {
  instantiateWasm(imports: object, done: (instance: object) => void): void
  noFSInit: boolean
  print(text: string): void
  printErr(text: string): void
}) => Promise<PgQueryModule>

// The build puts a module in place of this one that carries the glue and the WebAssembly (scripts/build/plugins.mjs).
const require = createRequire(import.meta.url)

/** Creates an instance. The package's own entry is not used because it keeps one instance for ever. */
export const createModule: CreateModule = require('libpg-query/wasm/libpg-query.js') as CreateModule

/** Returns the WebAssembly of the parser. */
export function wasmBytes(): Promise<Uint8Array> {
  return readFile(require.resolve('libpg-query/wasm/libpg-query.wasm'))
}
