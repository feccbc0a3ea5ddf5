import { posix } from 'node:path'
import { isTest, type Source } from './source.ts'

/** The most members that a class may have. */
export const MOST_MEMBERS = 25
/** The most fields that the single parameter of a constructor may have. */
export const MOST_FIELDS = 8

/** How many parts something has, by its path and name. */
export type Sizes = ReadonlyMap<string, number>

const modifiers = String.raw`(?:(?:static|readonly|override|async|get|set|declare|abstract)\s+|\*\s*)*`
const member = new RegExp(String.raw`^${modifiers}(#?[\w$]+|\[[^\]]*\])[?!]?\s*(?:[(:=<;]|$)`)

/** The code between the brace that opens at or after `from` and the one that closes it. */
function bodyFrom(code: string, from: number): string {
  const start = code.indexOf('{', from) + 1
  let depth = 1
  let end = start
  for (; end < code.length && depth > 0; end++) {
    if (code[end] === '{') depth += 1
    else if (code[end] === '}') depth -= 1
  }
  return code.slice(start, end - 1)
}

/** Names of the members in a body whose lines are indented as Prettier does it. A getter and its setter are one. */
function membersOf(body: string, indent: string): ReadonlySet<string> {
  const names = body.split('\n').flatMap((line) => {
    if (!line.startsWith(`${indent}  `) || line[indent.length + 2] === ' ') return []
    return member.exec(line.slice(indent.length + 2))?.[1] ?? []
  })
  return new Set(names.filter((name) => name !== 'constructor'))
}

/** How many members each class has: fields, methods and accessors, private and static ones included. */
export function classSizes(sources: readonly Source[]): Sizes {
  const sizes = new Map<string, number>()
  for (const { path, code } of sources.filter((source) => !isTest(source.path))) {
    for (const found of code.matchAll(
      /^([ ]*)(?:[^\n]*[ (=])?class(?:\s+(?!extends\b)(\w+))?(?:[<\s][^{\n]*)?\{\n/gm,
    )) {
      const [, indent = '', name = 'class'] = found
      const body = bodyFrom(code, found.index + found[0].length - 2)
      sizes.set(`${path} ${name}`, membersOf(body, indent).size)
    }
  }
  return sizes
}

/** Interfaces by path and name, each with its fields and the names of those that it extends. */
function interfacesOf(
  sources: readonly Source[],
): ReadonlyMap<string, readonly [Set<string>, readonly string[]]> {
  const found = new Map<string, readonly [Set<string>, readonly string[]]>()
  for (const { path, code } of sources) {
    for (const match of code.matchAll(/^(?:export )?interface (\w+)(?:<[^{]*>)?(?: extends ([^{]+))? \{/gm)) {
      const [whole, name = '', bases = ''] = match
      const fields = new Set(membersOf(bodyFrom(code, match.index + whole.length - 1), ''))
      found.set(`${path} ${name}`, [fields, bases.match(/\b[A-Z]\w*/g) ?? []])
    }
  }
  return found
}

/** How many fields each interface has that is the type of a constructor's only parameter, those that it extends included. */
export function bagSizes(sources: readonly Source[]): Sizes {
  const interfaces = interfacesOf(sources)
  const byPath = new Map(sources.map((source) => [source.path, source]))
  /** Where a name is declared that the file uses. */
  const declared = (path: string, name: string): string | undefined => {
    if (interfaces.has(`${path} ${name}`)) return path
    const { code = '', text = '' } = byPath.get(path) ?? {}
    for (const match of code.matchAll(/^import (?:type )?\{([^}]*)\} from '/gm)) {
      if (!new RegExp(String.raw`\b${name}\b`).test(match[1] ?? '')) continue
      const start = match.index + match[0].length
      const from = posix.join(posix.dirname(path), text.slice(start, text.indexOf("'", start)))
      if (interfaces.has(`${from} ${name}`)) return from
    }
    return undefined
  }
  const fieldsOf = (path: string, name: string): ReadonlySet<string> => {
    const home = declared(path, name)
    if (home === undefined) return new Set()
    const [own, bases] = interfaces.get(`${home} ${name}`) ?? [new Set<string>(), []]
    return new Set([...own, ...bases.flatMap((base) => [...fieldsOf(home, base)])])
  }
  const sizes = new Map<string, number>()
  for (const { path, code } of sources.filter((source) => !isTest(source.path))) {
    for (const [, name = ''] of code.matchAll(/\bconstructor\(\s*(?:\w+|\{[^}]*\}): (\w+),?\s*\)/g)) {
      const home = declared(path, name)
      if (home !== undefined) sizes.set(`${home} ${name}`, fieldsOf(home, name).size)
    }
  }
  return sizes
}

/** What is larger than allowed, and than its exception allows; and exceptions that are not needed any more. */
export function oversized(
  sizes: Sizes,
  most: number,
  exceptions: Readonly<Record<string, number>>,
): readonly string[] {
  const grown = [...sizes]
    .filter(([name, size]) => size > (exceptions[name] ?? most))
    .map(([name, size]) => `${name}: ${size} of at most ${exceptions[name] ?? most}`)
  const needless = Object.keys(exceptions)
    .filter((name) => (sizes.get(name) ?? 0) <= most)
    .map((name) => `${name} needs no exception any more`)
  return [...grown, ...needless]
}
