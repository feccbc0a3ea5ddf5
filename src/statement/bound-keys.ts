import type { KeyCandidate, RequiredLiteral } from '../catalog/key.ts'
import type { Footprint } from '../catalog/footprint.ts'
import type { Blanked } from './blanked.ts'

/** An SQL text and its plain constants. */
export interface Text extends Blanked {
  readonly sql: string
}

/** Whether a key that a footprint shows has a constant of its text in it. */
export function hasConstants({ shownKeys = [] }: Footprint): boolean {
  return shownKeys.some(({ columns }) => columns.some(({ value }) => 'literal' in value))
}

/**
 * Gives the candidates of one text the constants of another one, whose tree differs in plain constants alone. A constant
 * that is not certain is left out.
 */
export function boundKeys(keys: readonly KeyCandidate[], from: Text, to: Text): readonly KeyCandidate[] {
  // The parser tells places in bytes. In plain ASCII these are characters.
  const isAscii = Buffer.byteLength(from.sql) === from.sql.length
  return keys.map((key) => {
    const values = new Map(key.values)
    for (const [column, value] of key.values) {
      if ('parameter' in value) continue
      const literal = isAscii ? constantLike(value, from, to) : undefined
      if (literal === undefined) values.delete(column)
      else values.set(column, { literal, isNumber: value.isNumber })
    }
    return { ...key, values }
  })
}

/** The constant of `to` in the place of that which `value` is in `from`. */
function constantLike(
  { isNumber, literal, position }: RequiredLiteral,
  from: Text,
  to: Text,
): string | undefined {
  const index = from.constants.findIndex(([start]) => start === position)
  if (index === -1 || textOf(from, index, isNumber) !== literal) return undefined
  return textOf(to, index, isNumber)
}

/** Undefined for anything but one plain constant that stands alone. */
function textOf({ constants, sql }: Text, index: number, isNumber: boolean): string | undefined {
  const [start, end] = constants[index] ?? [0, 0]
  BEHIND.lastIndex = end
  if (!BEHIND.test(sql)) return undefined
  const text = sql.slice(start, end)
  if (isNumber) return /^\d+$/.test(text) ? String(Number(text)) : undefined
  return /^'(?:[^']|'')*'$/.test(text) ? text.slice(1, -1).replaceAll("''", "'") : undefined
}

/** No quote and no comment, behind which a string could go on. */
const BEHIND = /\s*(?:[^\s'/-]|$)/y
