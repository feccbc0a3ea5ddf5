import { execFile } from 'node:child_process'
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const SPECIFIER = /((?:\bfrom\s*|\bimport\s*\(?\s*)['"])(\.[^'"]+)\.ts(?=['"])/g

/** Writes the declarations that the entries lead to, and no others. Throws when a type is wrong. */
export async function writeDeclarations(root, entries) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root }).catch(
    ({ stdout, message }) => {
      throw new Error(stdout || message)
    },
  )
  const dist = join(root, 'dist')
  const kept = new Set()
  const keep = (file) => {
    if (kept.has(file)) return
    kept.add(file)
    const text = readFileSync(file, 'utf8')
    for (const [, , path] of text.matchAll(SPECIFIER)) keep(join(dirname(file), `${path}.d.ts`))
    writeFileSync(file, text.replaceAll(SPECIFIER, '$1$2.js'))
  }
  for (const entry of entries) keep(join(dist, `${entry}.d.ts`))
  for (const path of readdirSync(dist, { recursive: true })) {
    const file = join(dist, path)
    if (file.endsWith('.d.ts') && !kept.has(file)) rmSync(file)
  }
}
