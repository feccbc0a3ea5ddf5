import type { QualifiedName } from './catalog.ts'

const identifier = String.raw`(?:"(?:[^"\0]|"")+"|[a-z_\u0080-\uffff][\w$\u0080-\uffff]*)`
const pattern = new RegExp(`^(?:(${identifier})\\.)?(${identifier})$`, 'i')

/** Reads a name as PostgreSQL does: folded to lower case, unless it is quoted. Nothing when it is not a name. */
export function parseName(text: string): QualifiedName | undefined {
  const [, schema, name] = pattern.exec(text.trim()) ?? []
  if (name === undefined) return undefined
  return schema === undefined ? { name: fold(name) } : { schema: fold(schema), name: fold(name) }
}

function fold(part: string): string {
  if (part.startsWith('"')) return part.slice(1, -1).replaceAll('""', '"')
  // Like the server with a multi-byte encoding: only ASCII letters are folded.
  return part.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
