import type { KeyProof, KeyType } from './key.ts'

/**
 * Returns the key that a statement touches in one execution: equal for equal keys, however their values are spelled,
 * and different for different ones. Undefined where the values do not prove which key it is: then it may be any.
 *
 * @param values The values that are sent, before node-postgres converts them. They must not change until they are sent.
 */
export function keyOf({ columns }: KeyProof, values: readonly unknown[] = []): string | undefined {
  let key: string | undefined
  for (const { type, value } of columns) {
    const given = 'literal' in value ? value.literal : values[value.parameter - 1]
    const canonical = type === 'int4' && isPlainInt4(given) ? String(given) : canonicalOf(type, given)
    if (canonical === undefined) return undefined
    key = key === undefined ? canonical : `${key}\0${canonical}`
  }
  return key
}

/** Whether a value is a key by itself, as most of them are. */
function isPlainInt4(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && (value | 0) === value
}

function canonicalOf(type: KeyType, value: unknown): string | undefined {
  const text = textOf(value)
  return text === undefined || text.length > LONGEST ? undefined : CANONICAL[type](text)
}

/** The text that node-postgres sends for a value. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined
  return typeof value === 'bigint' ? String(value) : undefined
}

const CANONICAL: Readonly<Record<KeyType, (text: string) => string | undefined>> = {
  int2: (text) => integer(text, 2n ** 15n, 4),
  int4: (text) => integer(text, 2n ** 31n, 9),
  int8: (text) => integer(text, 2n ** 63n, 18),
  uuid,
  text: plainText,
  varchar: plainText,
}

/** Longer values are rare, and a key is remembered. In characters. */
const LONGEST = 128

/**
 * A decimal number. Newer servers also accept 0x1F and 1_000, older ones do not.
 *
 * @param safeDigits A number of so many digits is below the limit.
 */
function integer(text: string, limit: bigint, safeDigits: number): string | undefined {
  // Nearly all keys are written so, and BigInt is slow.
  if (text.length <= safeDigits && /^[1-9]\d*$/.test(text)) return text
  const [, sign = '', digits = ''] = /^[ \t\n\v\f\r]*([+-]?)(\d+)[ \t\n\v\f\r]*$/.exec(text) ?? []
  if (digits === '') return undefined
  const number = sign === '-' ? -BigInt(digits) : BigInt(digits)
  return number < -limit || number >= limit ? undefined : String(number)
}

/** PostgreSQL accepts hyphens behind each four digits, and braces around all. */
function uuid(text: string): string | undefined {
  const bare = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text
  if (!/^[\da-f]{4}(?:-?[\da-f]{4}){7}$/i.test(bare)) return undefined
  return bare.replaceAll('-', '').toLowerCase()
}

/** Other characters may be converted between encodings, and two of them to the same one. */
function plainText(text: string): string | undefined {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0 || code > 127) return undefined
  }
  return text
}
