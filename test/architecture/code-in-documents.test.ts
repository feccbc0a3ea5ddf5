import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { filesBelow } from './links.ts'
import { root } from './source.ts'

// The code of the documents, against the types of the library: names that it imports, options, methods and their results.

const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md'].concat(
  ...['docs', 'examples'].map((folder) => filesBelow(root, folder, /\.md$/)),
)

interface Block {
  readonly place: string
  readonly code: string
  /** Whether a reader may leave out what only types need. */
  readonly isUntyped: boolean
}

/** Complaints about types that JavaScript does not have: of variables of the environment, answers, messages and parsers. */
const TYPES_ALONE = /\b(?:undefined|unknown|ChannelListener|TypeId)\b/

/** Blocks of JavaScript and TypeScript; of a change, what is there afterwards. */
function blocksOf(path: string): readonly Block[] {
  const text = readFileSync(join(root, path), 'utf8')
  return [...text.matchAll(/^ *```(js|ts|diff)\n([^]*?)^ *```$/gm)].map(
    ({ 1: kind, 2: body = '', index }) => {
      const lines = body.split('\n').filter((line) => kind !== 'diff' || !line.startsWith('-'))
      return {
        place: `${path}:${text.slice(0, index).split('\n').length + 1}`,
        code: lines.map((line) => (kind === 'diff' ? line.slice(1) : line)).join('\n'),
        isUntyped: kind !== 'ts',
      }
    },
  )
}

/** Errors about code that a page does not show: names, packages of others, and the strictness of the compiler. */
const ELSEWHERE = new Set([
  'TS2304', // Cannot find name
  'TS2552', // Cannot find name, did you mean
  'TS18004', // No value in scope for a shorthand property
  'TS2307', // Cannot find module
  'TS7016', // No declaration file for a module
  'TS2834', // Relative import paths need extensions
])

/** Objects that pages use without making them. */
const GLOBALS = `
import type { Pool, RoutedPoolClient } from 'pg-switchyard'
import type { Cluster } from 'pg-switchyard/test-cluster'
declare global {
  const pool: InstanceType<typeof Pool>
  const cluster: Cluster
  const client: RoutedPoolClient
  namespace NodeJS {
    interface ProcessEnv { [name: string]: string }
  }
}
`

/** Complaints of the compiler about modules, with the number of the module in front. */
function compile(modules: readonly string[]): readonly string[] {
  mkdirSync(join(root, 'build'), { recursive: true })
  const folder = mkdtempSync(join(root, 'build/documents-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const compilerOptions = {
    paths: {
      'pg-switchyard': [join(root, 'src/index.ts')],
      'pg-switchyard/*': [join(root, 'src/*/index.ts')],
    },
    noImplicitAny: false,
    noPropertyAccessFromIndexSignature: false,
    verbatimModuleSyntax: false,
    isolatedDeclarations: false,
    declaration: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
  }
  const config = { extends: '../../tsconfig.json', compilerOptions, include: ['.'], exclude: [] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  writeFileSync(join(folder, 'globals.d.ts'), GLOBALS)
  for (const [number, code] of modules.entries()) {
    writeFileSync(join(folder, `${number}.ts`), `${code}\nexport {}\n`)
  }
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  try {
    execFileSync(process.execPath, [compiler, '--noEmit', '--pretty', 'false', '-p', folder], {
      cwd: folder,
      encoding: 'utf8',
    })
    return []
  } catch (error) {
    return String((error as { readonly stdout?: unknown }).stdout)
      .split('\n')
      .filter((line) => line !== '')
  }
}

/** Complaints about code, by the place of its block; without those about what is elsewhere. */
function complaintsAbout(blocks: readonly Block[]): readonly string[] {
  return compile(blocks.map(({ code }) => code)).flatMap((line) => {
    const [, number, code, message = ''] = /^(\d+)\.ts\(\d+,\d+\): error (TS\d+): (.*)/.exec(line) ?? []
    // Details of a complaint are indented. The source has stricter rules and a check of its own.
    if (number === undefined || code === undefined) return /^ |^\.\.\//.test(line) ? [] : [line]
    const block = blocks[Number(number)]
    const isOurs = /'pg-switchyard/.test(message)
    if (ELSEWHERE.has(code) && !isOurs) return []
    if (block?.isUntyped === true && TYPES_ALONE.test(message)) return []
    return [`${block?.place ?? ''} ${code} ${message}`]
  })
}

/** Code that does not fit, to see that it is found. */
const WRONG: readonly Block[] = [
  "import { Poool } from 'pg-switchyard'",
  "import { sessionMiddlewares } from 'pg-switchyard/http'",
  "import { Pool } from 'pg-switchyards'",
  "import { Pool } from 'pg-switchyard'; new Pool({ connectionString: '', replica: [] })",
  'pool.stats().nodes[0].querys',
  "await pool.query({ text: 'SELECT 1', route: 'replcia' })",
  "await client.query({ text: 'BEGIN', optimistc: true })",
].map((code) => ({ place: code, code, isUntyped: true }))

test(
  'the code of the documents fits the library, and code that does not is found',
  { timeout: 120_000 },
  () => {
    const blocks = documents.flatMap(blocksOf)
    expect(blocks.length).toBeGreaterThan(80)
    const complaints = complaintsAbout([...blocks, ...WRONG])
    const isWanted = (complaint: string): boolean =>
      WRONG.some(({ place }) => complaint.startsWith(`${place} TS`))
    expect(complaints.filter((complaint) => !isWanted(complaint))).toEqual([])
    const missed = WRONG.filter(({ place }) => !complaints.some((each) => each.startsWith(`${place} TS`)))
    expect(missed.map(({ code }) => code)).toEqual([])
  },
)
