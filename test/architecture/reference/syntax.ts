import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { parseSync } from 'rolldown/utils'
import { root } from '../source.ts'
import { parseDoc, type Doc } from './doc.ts'

type Program = ReturnType<typeof parseSync>['program']
type Statement = Program['body'][number]
type Declaration = NonNullable<Extract<Statement, { type: 'ExportNamedDeclaration' }>['declaration']>
export type Interface = Extract<Declaration, { type: 'TSInterfaceDeclaration' }>
export type Member = Interface['body']['body'][number]
export type TypeNode = Extract<Declaration, { type: 'TSTypeAliasDeclaration' }>['typeAnnotation']

/** A source file with the names that it declares, imports and exports. */
export class SourceFile {
  readonly path: string
  readonly text: string
  readonly declarations: ReadonlyMap<string, Declaration>
  /** Names that come from other files: where from, and under which name. */
  readonly imported: ReadonlyMap<string, { readonly path: string; readonly name: string }>
  /** Names that it exports, with those by which it knows them itself. */
  readonly exported: ReadonlyMap<string, string>
  readonly #comments: ReturnType<typeof parseSync>['comments']

  constructor(path: string) {
    this.path = path
    this.text = readFileSync(join(root, path), 'utf8')
    const { comments, program } = parseSync(path, this.text)
    this.#comments = comments
    const declarations = new Map<string, Declaration>()
    const imported = new Map<string, { path: string; name: string }>()
    const exported = new Map<string, string>()
    for (const statement of program.body) {
      if (statement.type === 'ImportDeclaration') {
        for (const specifier of statement.specifiers) {
          const name =
            specifier.type === 'ImportSpecifier' && specifier.imported.type === 'Identifier'
              ? specifier.imported.name
              : 'default'
          imported.set(specifier.local.name, { path: this.#resolve(statement.source.value), name })
        }
      } else if (statement.type === 'ExportNamedDeclaration') {
        for (const { exported: outside, local } of statement.specifiers) {
          if (outside.type !== 'Identifier' || local.type !== 'Identifier') continue
          exported.set(outside.name, local.name)
          if (statement.source !== null) {
            imported.set(local.name, { path: this.#resolve(statement.source.value), name: local.name })
          }
        }
        for (const name of namesOf(statement.declaration)) exported.set(name, name)
        this.#declare(statement.declaration, declarations)
      } else this.#declare(statement as Declaration, declarations)
    }
    this.declarations = declarations
    this.imported = imported
    this.exported = exported
  }

  /** The docstring directly in front of a position. */
  docBefore(position: number): Doc | undefined {
    const before = this.text
      .slice(0, position)
      .replace(/(?:export |declare |readonly |abstract |\| )*\s*$/, '')
    const at = before.trimEnd().replace(/\|$/, '').trimEnd().length
    const comment = this.#comments.findLast(({ end }) => end === at)
    return comment?.type === 'Block' && comment.value.startsWith('*') ? parseDoc(comment.value) : undefined
  }

  /** Source of a node on one line. */
  textOf(node: { readonly start: number; readonly end: number }): string {
    return this.text.slice(node.start, node.end).replace(/\s+/g, ' ')
  }

  #resolve(specifier: string): string {
    return specifier.startsWith('.') ? normalize(join(dirname(this.path), specifier)) : specifier
  }

  #declare(declaration: Declaration | null, into: Map<string, Declaration>): void {
    for (const name of namesOf(declaration)) {
      const isType = declaration?.type.startsWith('TS') === true
      // A value and a type may share a name. The value has the docstring.
      if (declaration !== null && !(isType && into.has(name))) into.set(name, declaration)
    }
  }
}

function namesOf(declaration: Declaration | null): readonly string[] {
  if (declaration === null) return []
  if (declaration.type === 'VariableDeclaration') {
    return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
  }
  if (!('id' in declaration) || declaration.id === null) return []
  return declaration.id.type === 'Identifier' ? [declaration.id.name] : []
}

const files = new Map<string, SourceFile>()

/** Returns a parsed source file. */
export function sourceFile(path: string): SourceFile {
  const known = files.get(path) ?? new SourceFile(path)
  files.set(path, known)
  return known
}

/** A declaration and the file that has it. */
export interface Found {
  readonly file: SourceFile
  readonly name: string
  readonly node: Declaration
  readonly doc: Doc | undefined
}

/** Finds a declaration by a name that a file knows. `undefined` for names of packages. */
export function find(file: SourceFile, name: string): Found | undefined {
  const node = file.declarations.get(name)
  if (node !== undefined) return { file, name, node, doc: file.docBefore(node.start) }
  const from = file.imported.get(name)
  if (from === undefined || !existsSync(join(root, from.path))) return undefined
  const other = sourceFile(from.path)
  return find(other, other.exported.get(from.name) ?? from.name)
}
