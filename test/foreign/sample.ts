import type { ForeignScript } from './extract/script.ts'

/** Takes scripts at equal distances until there are enough statements, and those that others need. */
export function sampleOf(
  scripts: readonly ForeignScript[],
  first: readonly string[] = [],
  most: number = Infinity,
): readonly ForeignScript[] {
  const total = scripts.reduce((sum, { statements }) => sum + statements.length, 0)
  if (total <= most) return scripts
  let [seen, taken] = [0, 0]
  return scripts.filter(({ file, statements }) => {
    seen += statements.length
    const isNeeded = first.some((end) => file.endsWith(end))
    if (!isNeeded && taken + statements.length > (seen / total) * most) return false
    taken += statements.length
    return true
  })
}
