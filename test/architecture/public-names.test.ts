import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { PUBLIC_NAMES, type PublicName } from './reference/entries.ts'
import { root } from './source.ts'

test('every public name has a docstring with an example', () => {
  expect(PUBLIC_NAMES.length).toBeGreaterThan(190)
  const bare = PUBLIC_NAMES.filter(
    ({ found: { doc } }) => (doc?.text ?? '') === '' || doc?.examples.length === 0,
  )
  expect(bare.map(({ module, name }) => `${name} of ${module}`)).toEqual([])
})

/** Objects that examples use without making them. */
const GLOBALS = `
import type { Catalog, Pool, SqlParser } from 'pg-switchyard'
import type { Cluster } from 'pg-switchyard/test-cluster'
declare global {
  const pool: InstanceType<typeof Pool>
  const cluster: Cluster
  const catalog: Catalog
  const parser: SqlParser
  const known: string, heard: string, token: string
  const request: { headers: Record<string, string> }
  const app: { use(handler: unknown): void; get(path: string, handler: (request: any, response: any) => unknown): void }
  const secretOf: (host: string) => Promise<string>
}
`

/** Names that a text declares or imports. */
function declaredIn(text: string): readonly string[] {
  const lists = [...text.matchAll(/(?:const|let|import|import type) \{([^}]*)\}/g)].flatMap(([, list = '']) =>
    list.split(',').map((each) => each.split(':').at(-1)?.trim() ?? ''),
  )
  const names = [...text.matchAll(/(?:const|let|class|function|import) ([\w$]+)/g)].map(
    ([, name = '']) => name,
  )
  return [...lists, ...names]
}

/** An example as a module that imports what it names. */
function moduleOf(example: string, { module, name }: PublicName): string {
  const words = new Set(example.match(/[A-Za-z_$][\w$]*/g) ?? [])
  const declared = new Set(declaredIn(example))
  const needed = new Map<string, Set<string>>()
  // The module of the name itself first: two modules may export one name.
  for (const other of [{ module, name }, ...PUBLIC_NAMES]) {
    if (!words.has(other.name) || declared.has(other.name)) continue
    if ([...needed.values()].some((names) => names.has(other.name))) continue
    needed.set(other.module, (needed.get(other.module) ?? new Set()).add(other.name))
  }
  const imports = [...needed].map(([from, names]) => `import { ${[...names].join(', ')} } from '${from}'`)
  return `${imports.join('\n')}\n${example}\nexport {}\n`
}

test('examples of docstrings compile', { timeout: 120_000 }, () => {
  mkdirSync(join(root, 'build'), { recursive: true })
  const folder = mkdtempSync(join(root, 'build/examples-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const compilerOptions = {
    paths: {
      'pg-switchyard': [join(root, 'src/index.ts')],
      'pg-switchyard/*': [join(root, 'src/*/index.ts')],
    },
    verbatimModuleSyntax: false,
    isolatedDeclarations: false,
    declaration: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
  }
  write(
    'tsconfig.json',
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['.'], exclude: [] }),
  )
  write('globals.d.ts', GLOBALS)
  // Names differ in case alone, and files must not.
  for (const [number, each] of PUBLIC_NAMES.entries()) {
    each.found.doc?.examples.forEach((example, index) => {
      write(`${number}-${index}-${each.name}.ts`, moduleOf(example, each))
    })
  }
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const run = (): string => {
    try {
      return execFileSync(process.execPath, [compiler, '--noEmit', '--pretty', 'false', '-p', folder], {
        encoding: 'utf8',
      })
    } catch (error) {
      return String((error as { readonly stdout?: unknown }).stdout)
    }
  }
  expect(run()).toBe('')
})
