/**
 * A query that casts to a variable's type, as assignments to the variable do. Undefined when the type is that of
 * another variable, which is judged by itself. A column's type counts as the whole row's of its table.
 */
export function typeQuery(type: string): string | undefined {
  const [, name, whole] = /^([^]*?)\s*%\s*(row)?type\s*$/i.exec(type) ?? []
  if (name === undefined) return `SELECT NULL::${type}`
  if (whole !== undefined) return `SELECT NULL::${name}`
  const dot = name.lastIndexOf('.')
  return dot === -1 ? undefined : `SELECT NULL::${name.slice(0, dot)}`
}
