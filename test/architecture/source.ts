import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mask } from './mask.ts'

/** One file under `src/`. */
export interface Source {
  /** Relative to `src/`, with forward slashes. */
  readonly path: string
  readonly text: string
  /** The text without the insides of comments and literals, see `mask`. */
  readonly code: string
  /** What the file imports, re-exports and names in import types, as it is written. */
  readonly imports: readonly string[]
}

export const root: string = join(import.meta.dirname, '../..')

/** The first folder of a path under `src/`; empty for the files directly in `src/`. */
export function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

export function parseSource(path: string, text: string): Source {
  const code = mask(text)
  return { path, text, code, imports: importsOf(text, code) }
}

export function readSources(): readonly Source[] {
  const folder = join(root, 'src')
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .toSorted()
    .map((path) => parseSource(path, readFileSync(join(folder, path), 'utf8')))
}

/** `from '…'`, `import '…'`, `import('…')`: in valid code nothing else puts a quote behind these words. */
const specifier = /(?<![\w$.])(?:from|import|(?:import|require)\s*\()\s*(['"`])/g

function importsOf(text: string, code: string): readonly string[] {
  return [...code.matchAll(specifier)].map((match) => {
    const start = match.index + match[0].length
    return text.slice(start, code.indexOf(match[1] ?? '', start))
  })
}
