/** A zero byte ends the text for the parser, and half a surrogate pair is another character for the server. */
export function isGarbled(sql: string): boolean {
  return sql.includes('\0') || /\p{Surrogate}/u.test(sql)
}
