import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'

const require = createRequire(import.meta.url)

/** Replaces `requireLazily('name')` by `require('name')`, which bundlers follow. */
export function visibleRequires() {
  return {
    name: 'visible-requires',
    transform: {
      filter: { id: { include: /\/src\//, exclude: /\/platform\/require\.ts$/ }, code: /\brequireLazily\(/ },
      handler(code, id) {
        const visible = code.replaceAll(/\brequireLazily\(('[^']+')\)/g, 'require($1)')
        if (visible.includes('requireLazily(')) throw new Error(`${id}: requireLazily() needs a literal`)
        return { code: visible, map: null }
      },
    },
  }
}

/** Carries the parser's WebAssembly in the module that otherwise reads it from the installed package. */
export function embeddedParser() {
  return {
    name: 'embedded-parser',
    load: {
      filter: { id: /\/statement\/libpg-query-files\.ts$/ },
      async handler() {
        const wasm = await readFile(require.resolve('libpg-query/wasm/libpg-query.wasm'))
        const text = (await compressed(wasm)).toString('base64')
        return `
          import { promisify } from 'node:util'
          import { brotliDecompress } from 'node:zlib'
          export { default as createModule } from 'libpg-query/wasm/libpg-query.js'
          /*! PostgreSQL's parser, compiled by libpg-query. Licences: THIRD-PARTY-NOTICES.md of pg-switchyard. */
          export const wasmBytes = () => promisify(brotliDecompress)(Buffer.from('${text}', 'base64'))
        `
      },
    },
    transform: {
      filter: { id: /\/libpg-query\/wasm\/libpg-query\.js$/ },
      handler(code) {
        // The glue looks for its own folder, although it never reads from there. Bundles of ES modules do not have these names.
        const placeless = code.replaceAll('__dirname', '""').replaceAll('__filename', 'undefined')
        // It requires these for each instance. Jest refuses that once a test is over.
        const once = `var builtins = { "node:fs": require("node:fs"), "node:crypto": require("node:crypto") };`
        return {
          code: `${once}\n${placeless.replaceAll(/require\(("node:[a-z]+")\)/g, 'builtins[$1]')}`,
          map: null,
        }
      },
    },
  }
}

/** Compresses with Brotli at its best. That takes seconds, so the result is kept for the next build. */
async function compressed(bytes) {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
  const cached = join(import.meta.dirname, `../../node_modules/.cache/pg-switchyard/${hash}.br`)
  const known = await readFile(cached).catch(() => undefined)
  if (known !== undefined) return known
  const result = await promisify(brotliCompress)(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  })
  await mkdir(dirname(cached), { recursive: true })
  await writeFile(cached, result)
  return result
}
