// Bundles the classifier for the browser from the library's source. As in the package's own build, one module is
// replaced: the one that reads the parser's WebAssembly. Node's Buffer and the hash of shapes, which only a pool needs,
// have stand-ins.
import { copyFileSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

const require = createRequire(join(import.meta.dirname, '../../package.json'))
const WASM = 'libpg-query/wasm/libpg-query.wasm'

export const folder = join(import.meta.dirname, '../build/public/playground')

const browserParser = {
  name: 'browser-parser',
  load: {
    filter: { id: /\/statement\/libpg-query-files\.ts$/ },
    handler: () => `
      export { default as createModule } from 'libpg-query/wasm/libpg-query.js'
      const response = await fetch(new URL('libpg-query.wasm', import.meta.url))
      if (!response.ok) throw new Error('The parser could not be fetched: ' + response.status)
      const bytes = new Uint8Array(await response.arrayBuffer())
      export const wasmBytes = () => bytes
    `,
  },
}

const withoutHashes = {
  name: 'without-hashes',
  resolveId: { filter: { id: /^node:crypto$/ }, handler: () => '\0without-hashes' },
  load: {
    filter: { id: /without-hashes$/ },
    handler: () => `export const createHash = () => { throw new Error('There are no hashes here') }`,
  },
}

/** Writes the worker and the parser to where the site serves them. */
export async function writePlayground() {
  mkdirSync(folder, { recursive: true })
  const bundle = await rolldown({
    input: { worker: join(import.meta.dirname, 'worker.mjs') },
    platform: 'browser',
    // The parser's glue names modules of Node.js in a branch that no browser takes.
    logLevel: 'silent',
    plugins: [browserParser, withoutHashes],
    transform: { inject: { Buffer: [join(import.meta.dirname, 'buffer.mjs'), 'Buffer'] } },
  })
  const { output } = await bundle.write({ dir: folder, format: 'esm', minify: true })
  const foreign = output
    .flatMap((chunk) => ('imports' in chunk ? chunk.imports : []))
    .filter((name) => name.startsWith('node:'))
  if (foreign.length > 0) throw new Error(`The classifier needs ${foreign.join(', ')} of Node.js`)
  copyFileSync(require.resolve(WASM), join(folder, 'libpg-query.wasm'))
}
