import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fromGo } from './extract/go.ts'
import { fromPsql } from './extract/psql.ts'
import { fromRuby } from './extract/ruby.ts'
import type { ForeignScript, ForeignStatement } from './extract/script.ts'
import { fromSqlc } from './extract/sqlc.ts'
import { fromSqllogictest } from './extract/sqllogictest.ts'
import { projectsNamed, type Project, type Suite } from './projects.ts'

export interface ProjectScripts {
  readonly project: Project
  readonly scripts: readonly ForeignScript[]
}

/**
 * Reads the scripts of the named projects. If some are not in `folder`, says so, sets the exit code 2 and returns
 * `undefined`.
 * @param names Separated by commas. Absent: all.
 */
export function scriptsIn(folder: string, names: string | undefined): readonly ProjectScripts[] | undefined {
  const found: ProjectScripts[] = []
  const missing: string[] = []
  for (const project of projectsNamed(names)) {
    const scripts = scriptsOf(folder, project)
    if (scripts === undefined) missing.push(project.name)
    else found.push({ project, scripts })
  }
  if (missing.length === 0) return found
  console.error(`Not in ${folder}: ${missing.join(', ')}. "npm run foreign:fetch" brings them.`)
  process.exitCode = 2
  return undefined
}

/** Reads the scripts of a project that was brought into `folder`; undefined when it was not. */
export function scriptsOf(folder: string, project: Project): readonly ForeignScript[] | undefined {
  const root = join(folder, project.name)
  if (!existsSync(root)) return undefined
  const scripts = project.suites.flatMap((suite) => ofSuite(root, suite))
  const adapted = scripts.map(({ file, statements }) => ({
    file,
    statements: statements.map((statement) => adapt(statement, project.adaptations)),
  }))
  return adapted.toSorted((one, other) => rank(one.file, project) - rank(other.file, project))
}

function rank(file: string, { first = [] }: Project): number {
  const at = first.findIndex((end) => file.endsWith(end))
  return at === -1 ? first.length : at
}

function adapt(statement: ForeignStatement, adaptations: Project['adaptations'] = []): ForeignStatement {
  const sql = adaptations.reduce((text, [from, to]) => text.replaceAll(from, to), statement.sql)
  return { ...statement, sql }
}

function ofSuite(root: string, { paths, files, format }: Suite): readonly ForeignScript[] {
  const found = paths
    .flatMap((path) => filesBelow(root, path))
    .filter((path) => files.test(path))
    .toSorted()
  if (format === 'sqlc') return byFolder(root, found)
  return found.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    if (format === 'go') return fromGo(file, text)
    const extract = { psql: fromPsql, sqllogictest: fromSqllogictest, ruby: fromRuby }[format]
    return [{ file, statements: extract(text) }]
  })
}

function filesBelow(root: string, path: string): readonly string[] {
  const at = join(root, path)
  if (statSync(at).isFile()) return [path]
  const entries = readdirSync(at, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
}

/** A folder is one script: its schema, then its queries. */
function byFolder(root: string, files: readonly string[]): readonly ForeignScript[] {
  const folders = new Map<string, string[]>()
  for (const file of files) {
    const folder = dirname(file).replace(/\/(?:sql|schema|queries|query)$/, '')
    folders.set(folder, [...(folders.get(folder) ?? []), file])
  }
  const isQuery = (file: string): boolean => /quer/.test(file)
  return [...folders].map(([folder, members]) => ({
    file: folder,
    statements: members
      .toSorted((one, other) => Number(isQuery(one)) - Number(isQuery(other)))
      .flatMap((file) => fromSqlc(readFileSync(join(root, file), 'utf8'))),
  }))
}
