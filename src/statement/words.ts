/** Names with escapes are not seen; and who reads a table reads the children of its children too, by none of their names. */
const HIDES_NAMES = /U&"|\binherits?\b/i

/** False where more names may mean what this text makes than stand in it. */
export function tellsNames(sql: string): boolean {
  return !HIDES_NAMES.test(sql)
}

/** PostgreSQL cuts longer names, and so does its parser. In bytes. */
const MAX_NAME_BYTES = 63

/** All that may be a name in a text, folded as PostgreSQL folds it: rather too much. */
export function wordsOf(sql: string): readonly string[] {
  const plain = [/[\p{L}\p{N}_]+/gu, /[\p{L}\p{N}_$]+/gu].flatMap((words) => sql.match(words) ?? [])
  const quoted = [...sql.matchAll(/"((?:[^"]|"")+)"/g)].map(([, name = '']) => name.replaceAll('""', '"'))
  return [...quoted, ...plain, ...plain.map((word) => word.toLowerCase())].map(cut)
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
