import { posix } from 'node:path'
import { folderOf, isTest, type Source } from './source.ts'

/** Data flows one way: a file imports from its own folder and from folders of a lower rank. */
const ranks: readonly (readonly string[])[] = [
  ['errors', 'platform'],
  ['catalog', 'topology'],
  ['statement'],
  ['consistency'],
  ['routing'],
  ['selection'],
  ['nodes'],
  ['settings'],
  ['discovery', 'monitoring', 'execution'],
  ['observability'],
  ['config'],
  ['client', 'dashboard'],
  ['router'],
  ['pool'],
  // The files directly in `src/`.
  [''],
  ['metrics'],
  ['cli', 'http', 'opentelemetry', 'register'],
]

/** Ships beside the library and knows next to nothing of it. */
const aside = 'test-cluster'
const asideMayImport: readonly string[] = ['errors', 'platform']
const mayImportAside: readonly string[] = ['cli']

export function rankOf(folder: string): number | undefined {
  const rank = ranks.findIndex((row) => row.includes(folder))
  return rank === -1 ? undefined : rank
}

function mayImport(from: string, to: string): boolean {
  if (from === to) return true
  if (from === aside) return asideMayImport.includes(to)
  if (to === aside) return mayImportAside.includes(from)
  const [importer, imported] = [rankOf(from), rankOf(to)]
  return importer !== undefined && imported !== undefined && imported < importer
}

/** Paths under `src/` of the files that a file imports; a path that leaves `src/` starts with `..`. */
export function localImports(source: Source): readonly string[] {
  return source.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(source.path), specifier))
}

/** Folders that have no rank, and imports that go up or out. Unit tests may import what they like. */
export function rankViolations(sources: readonly Source[]): readonly string[] {
  const unranked = new Set(sources.map((source) => folderOf(source.path)))
  for (const folder of [aside, ...ranks.flat()]) unranked.delete(folder)
  const upward = sources
    .filter((source) => !isTest(source.path))
    .flatMap((source) =>
      localImports(source)
        .filter(
          (path) =>
            path.startsWith('..') || isTest(path) || !mayImport(folderOf(source.path), folderOf(path)),
        )
        .map((path) => `${source.path} imports ${path}`),
    )
  return [...[...unranked].map((folder) => `${folder}/ has no rank`), ...upward]
}

/** Imports of files that are not there: a checker that misreads paths would find no cycle. */
export function missingImports(sources: readonly Source[]): readonly string[] {
  const known = new Set(sources.map((source) => source.path))
  return sources.flatMap((source) =>
    localImports(source)
      .filter((path) => path.endsWith('.ts') && !path.startsWith('..') && !known.has(path))
      .map((path) => `${source.path} imports ${path}`),
  )
}

/** Packages that a user would lack: neither part of Node nor among the package's own and peer dependencies. */
export function undeclaredPackages(
  sources: readonly Source[],
  declared: readonly string[],
): readonly string[] {
  return sources
    .filter((source) => !isTest(source.path))
    .flatMap((source) =>
      source.imports
        .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
        .filter(
          (specifier) => !declared.some((name) => specifier === name || specifier.startsWith(`${name}/`)),
        )
        .map((specifier) => `${source.path} imports ${specifier}`),
    )
}
