import type { KeyCandidate } from '../catalog/key.ts'
import type { Analysis, NameUse } from './parser.ts'

type Located = Pick<Analysis, 'offender' | 'functions' | 'keys' | 'relations' | 'operators' | 'types'>

/** Turns offsets in bytes of UTF-8 into offsets in characters (UTF-16 units). */
export function inCharacters<T extends Located>(analysis: T, sql: string): T {
  // In plain ASCII they are the same.
  return Buffer.byteLength(sql) === sql.length ? analysis : relocated(analysis, converter(sql))
}

/** Converts each offset. */
export function relocated<T extends Located>(analysis: T, convert: (offset: number) => number): T {
  const uses = (names: readonly NameUse[]): readonly NameUse[] =>
    names.map((use) => (use.position === undefined ? use : { ...use, position: convert(use.position) }))
  const { keys, offender } = analysis
  return {
    ...analysis,
    functions: uses(analysis.functions),
    relations: uses(analysis.relations),
    operators: uses(analysis.operators),
    types: uses(analysis.types),
    ...(offender?.position === undefined
      ? {}
      : { offender: { ...offender, position: convert(offender.position) } }),
    ...(keys && { keys: keys.map((key) => ({ ...key, values: valuesAt(key.values, convert) })) }),
  }
}

function valuesAt(
  values: KeyCandidate['values'],
  convert: (offset: number) => number,
): KeyCandidate['values'] {
  const converted = new Map(values)
  for (const [column, value] of values) {
    if ('parameter' in value || value.position === undefined) continue
    converted.set(column, { ...value, position: convert(value.position) })
  }
  return converted
}

/** Remembers where it is, so that offsets in ascending order cost one pass together. */
function converter(sql: string): (byteOffset: number) => number {
  let bytes = 0
  let units = 0
  return (byteOffset) => {
    if (byteOffset < bytes) bytes = units = 0
    while (bytes < byteOffset && units < sql.length) {
      const code = sql.codePointAt(units) ?? 0
      bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
      units += code < 0x10000 ? 1 : 2
    }
    return units
  }
}
