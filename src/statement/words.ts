/**
 * Names with escapes are not seen, nor are those that a foreign server gives. A read of a table also reads the children
 * of its children, without their names.
 */
const HIDES_NAMES = /U&"|\binherits?\b|\bforeign\s+schema\b/i

/** False where more names may mean what this text makes than stand in it. */
export function tellsNames(sql: string): boolean {
  return !HIDES_NAMES.test(sql)
}

/** PostgreSQL cuts longer names, and so does its parser. In bytes. */
const MAX_NAME_BYTES = 63

/**
 * A name as it is compared. How PostgreSQL folds other letters than those of ASCII depends on the encoding of the
 * database, so all are folded: rather too much.
 */
export function folded(name: string): string {
  return name.toLowerCase()
}

/** All that may be a name in a text, folded: rather too much. To PostgreSQL whatever is not ASCII is a letter. */
export function wordsOf(sql: string): readonly string[] {
  const plain = [/[\w\u{80}-\u{10ffff}]+/gu, /[\w$\u{80}-\u{10ffff}]+/gu].flatMap(
    (words) => sql.match(words) ?? [],
  )
  const quoted = [...sql.matchAll(/"((?:[^"]|"")+)"/g)].map(([, name = '']) => name.replaceAll('""', '"'))
  return [...quoted, ...plain].map((name) => folded(cut(name)))
}

function cut(name: string): string {
  if (name.length * 3 <= MAX_NAME_BYTES) return name
  let bytes = 0
  let end = 0
  for (const character of name) {
    bytes += Buffer.byteLength(character)
    if (bytes > MAX_NAME_BYTES) return name.slice(0, end)
    end += character.length
  }
  return name
}
