import { find, type Found, type Interface, type SourceFile, type TypeNode } from './syntax.ts'
import type { Doc } from './doc.ts'

/** One member of an interface. */
export interface DocumentedMember {
  readonly name: string
  readonly type: string
  readonly doc: Doc | undefined
  readonly file: SourceFile
  readonly node: TypeNode | undefined
}

/** Members of an interface, those of interfaces that it extends last. Those of packages are left out. */
export function membersOf({ file, node }: Found): readonly DocumentedMember[] {
  if (node.type === 'TSTypeAliasDeclaration') return membersOfType(file, node.typeAnnotation)
  if (node.type !== 'TSInterfaceDeclaration') return []
  const inherited = node.extends.flatMap(({ expression }) => {
    const found = expression.type === 'Identifier' ? find(file, expression.name) : undefined
    return found === undefined ? [] : membersOf(found)
  })
  const own = membersIn(file, node.body.body)
  const names = new Set(own.map(({ name }) => name))
  return [...own, ...inherited.filter(({ name }) => !names.has(name))]
}

function membersIn(file: SourceFile, body: Interface['body']['body']): readonly DocumentedMember[] {
  return body.flatMap((member) => {
    if (member.type === 'TSMethodSignature' && member.key.type === 'Identifier') {
      const type = file.textOf(member).replace(/^[\w#]+/, '')
      return [{ name: member.key.name, type, doc: file.docBefore(member.start), file, node: undefined }]
    }
    if (member.type !== 'TSPropertySignature') return []
    const name = member.key.type === 'Identifier' ? member.key.name : file.textOf(member.key)
    const node = member.typeAnnotation?.typeAnnotation
    const type = node === undefined ? 'unknown' : file.textOf(node).replace(/ \| undefined$/, '')
    return [{ name, type, doc: file.docBefore(member.start), file, node }]
  })
}

/** Fields of an object type, of a reference to one, or of an intersection. */
export function membersOfType(file: SourceFile, node: TypeNode): readonly DocumentedMember[] {
  if (node.type === 'TSTypeLiteral') return membersIn(file, node.members)
  if (node.type === 'TSIntersectionType') return node.types.flatMap((type) => membersOfType(file, type))
  const found = referenceOf(file, node)
  return found === undefined ? [] : membersOf(found)
}

function referenceOf(file: SourceFile, node: TypeNode): Found | undefined {
  if (node.type !== 'TSTypeReference' || node.typeName.type !== 'Identifier') return undefined
  return find(file, node.typeName.name)
}

/** One string of a union. */
export interface Literal {
  readonly value: string
  readonly doc: Doc | undefined
}

/** Strings of a union with their docstrings. Follows references, `Exclude`, `Extract` and `Type['member']`. */
export function literalsOf(file: SourceFile, node: TypeNode, doc?: Doc): readonly Literal[] {
  if (node.type === 'TSUnionType') {
    return node.types.flatMap((type) => literalsOf(file, type, file.docBefore(type.start)))
  }
  if (node.type === 'TSLiteralType' && node.literal.type === 'Literal') {
    return [{ value: String(node.literal.value), doc }]
  }
  if (node.type === 'TSIndexedAccessType') {
    const [member] = literalsOf(file, node.indexType)
    return variantsOf(file, node.objectType).flatMap((variant) =>
      membersOfType(variant.file, variant.node)
        .filter(({ name, node: type }) => name === member?.value && type !== undefined)
        .flatMap((each) => (each.node === undefined ? [] : literalsOf(each.file, each.node, variant.doc))),
    )
  }
  if (node.type !== 'TSTypeReference' || node.typeName.type !== 'Identifier') return []
  const [of, by] = node.typeArguments?.params ?? []
  if (of !== undefined && by !== undefined) {
    const named = new Set(literalsOf(file, by).map(({ value }) => value))
    const isKept = node.typeName.name === 'Extract'
    return literalsOf(file, of).filter(({ value }) => named.has(value) === isKept)
  }
  const found = referenceOf(file, node)
  return found?.node.type === 'TSTypeAliasDeclaration'
    ? literalsOf(found.file, found.node.typeAnnotation, doc)
    : []
}

function variantsOf(
  file: SourceFile,
  node: TypeNode,
): readonly { readonly file: SourceFile; readonly node: TypeNode; readonly doc: Doc | undefined }[] {
  if (node.type === 'TSUnionType') {
    return node.types.map((type) => ({ file, node: type, doc: file.docBefore(type.start) }))
  }
  const found = referenceOf(file, node)
  if (found?.node.type !== 'TSTypeAliasDeclaration') return []
  return variantsOf(found.file, found.node.typeAnnotation)
}
