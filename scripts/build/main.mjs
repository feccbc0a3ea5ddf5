// Builds dist/: one CommonJS build with a thin ES module over each entry, so that both share one state. See
// docs/decisions/0037-one-build-for-both-module-systems.md.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { writeDeclarations } from './declarations.mjs'
import { embeddedParser, visibleRequires } from './plugins.mjs'
import { cjsEntry, esmWrapper, esmWrapperTypes } from './wrapper.mjs'

const root = join(import.meta.dirname, '../..')
const dist = join(root, 'dist')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Paths of the entries below `src` and `dist`, without an extension: those of `exports` and the commands. */
const library = Object.entries(manifest.exports)
  .filter(([name]) => name !== './package.json')
  .map(([name, targets]) => entryOf(name, targets))
const commands = Object.values(manifest.bin).map((path) => path.replace(/^(?:\.\/)?dist\/(.+)\.js$/, '$1'))

rmSync(dist, { recursive: true, force: true })
const [outputs] = await Promise.all([bundle(), writeDeclarations(root, library)])
for (const { isEntry, name, exports } of outputs) {
  if (!isEntry || !library.includes(name)) continue
  writeFileSync(join(dist, `${name}.js`), cjsEntry(name, exports))
  writeFileSync(join(dist, `${name}.mjs`), esmWrapper(name, exports))
  writeFileSync(join(dist, `${name}.d.mts`), esmWrapperTypes(name, exports))
}
for (const { code, fileName } of outputs) writeFileSync(join(dist, fileName), inAscii(code))
writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`)

async function bundle() {
  const build = await rolldown({
    cwd: root,
    platform: 'node',
    input: Object.fromEntries([...library, ...commands].map((name) => [name, `src/${name}.ts`])),
    external: (id) => /^[@a-z]/.test(id) && !id.startsWith('libpg-query/'),
    plugins: [visibleRequires(), embeddedParser()],
    checks: { pluginTimings: false },
    onLog(level, log, handle) {
      // A warning about code of ours is a fault of the build.
      handle(level === 'warn' ? 'error' : level, log)
    },
  })
  const { output } = await build.write({
    dir: dist,
    format: 'cjs',
    exports: 'named',
    // Node scans the text of a CommonJS module for the names of its exports when an ES module imports it, so the text of
    // the entries that one imports is kept small.
    entryFileNames: ({ name }) => (library.includes(name) ? `chunks/${name}.js` : '[name].js'),
    chunkFileNames: 'chunks/[name].js',
    comments: { legal: true, annotation: true, jsdoc: false },
  })
  await build.close()
  return output
}

/** Escapes other characters, all of which are in strings: V8 reads a text without them faster, in half the memory. */
function inAscii(code) {
  return code.replaceAll(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function entryOf(name, targets) {
  const entry = name === '.' ? 'index' : `${name.slice(2)}/index`
  const expected = { import: `./dist/${entry}.mjs`, default: `./dist/${entry}.js` }
  if (JSON.stringify(targets) !== JSON.stringify(expected)) {
    throw new Error(`package.json: "exports" must say ${JSON.stringify({ [name]: expected })}`)
  }
  return entry
}
