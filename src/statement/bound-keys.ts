import type { KeyColumn, KeyLiteral, KeyProof } from '../catalog/key.ts'
import type { Blanked } from './blanked.ts'
import type { Statement } from './statement.ts'

/** An SQL text and its plain constants. */
export interface Text extends Blanked {
  readonly sql: string
}

/**
 * Gives the keys of a statement the constants of another text, whose tree differs in plain constants alone. A key with
 * a constant that is not certain is left out.
 */
export function boundTo(statement: Statement, from: Text, to: Text): Statement {
  const { shownKeys, ...others } = statement.footprint
  if (!shownKeys?.some(({ columns }) => columns.some(({ value }) => 'literal' in value))) return statement
  const keys = shownKeys.flatMap((proof) => boundProof(proof, from, to) ?? [])
  const footprint = keys.length === 0 ? others : { ...others, shownKeys: Object.freeze(keys) }
  return Object.freeze({ ...statement, footprint: Object.freeze(footprint) })
}

function boundProof({ columns, relation }: KeyProof, from: Text, to: Text): KeyProof | undefined {
  const bound: KeyColumn[] = []
  for (const column of columns) {
    const { type, value } = column
    const literal = 'literal' in value ? constantLike(value, from, to) : undefined
    if (literal !== undefined) bound.push(Object.freeze({ type, value: literal }))
    else if ('parameter' in value) bound.push(column)
    else return undefined
  }
  return Object.freeze({ relation, columns: Object.freeze(bound) })
}

/** The constant of `to` in the place of one of `from`. */
function constantLike({ literal, position }: KeyLiteral, from: Text, to: Text): KeyLiteral | undefined {
  const index = from.constants.findIndex(([start]) => start === position)
  if (index === -1 || textOf(from, index) !== literal) return undefined
  const text = textOf(to, index)
  const place = to.constants[index]?.[0]
  return text === undefined || place === undefined ? undefined : { literal: text, position: place }
}

/** Undefined for anything but one plain constant that stands alone. */
function textOf({ constants, sql }: Text, index: number): string | undefined {
  const [start, end] = constants[index] ?? [0, 0]
  // A string may go on behind a line break.
  BEHIND.lastIndex = end
  if (!BEHIND.test(sql)) return undefined
  const text = sql.slice(start, end)
  if (/^\d+$/.test(text)) return String(Number(text))
  return /^'(?:[^']|'')*'$/.test(text) ? text.slice(1, -1).replaceAll("''", "'") : undefined
}

/** No quote and no comment, behind which a string could go on. */
const BEHIND = /\s*(?:[^\s'/-]|$)/y
