import { glyphsOf, widthOf, type Glyph } from './glyphs.ts'

/** A range of a text, in UTF-16 units. */
export interface Piece {
  readonly start: number
  readonly end: number
}

/** One line of a text, and the marks to print below it. */
export interface ExcerptLine {
  /** Counts from 1. */
  readonly number: number
  readonly text: string
  readonly marks: string
}

const MAX_LINES = 3
/** Maximum distance from the piece that is examined, in UTF-16 units: lines may be megabytes long. */
const REACH = 2_000
const CUT = '…'

/** Returns the first lines that contain the piece, each cut around it to at most `columns`. */
export function excerptOf(sql: string, piece: Piece, columns: number): readonly ExcerptLine[] {
  const lines: ExcerptLine[] = []
  let { number, start } = lineAt(sql, piece.start)
  while (lines.length < MAX_LINES) {
    const end = endOfLine(sql, start)
    lines.push({ number, ...excerptOfLine(sql, { start, end }, piece, columns) })
    number += 1
    start = end + (sql.startsWith('\r\n', end) ? 2 : 1)
    if (start >= piece.end || end === sql.length) break
  }
  return lines
}

function excerptOfLine(
  sql: string,
  line: Piece,
  piece: Piece,
  columns: number,
): { readonly text: string; readonly marks: string } {
  const start = Math.max(line.start, Math.min(piece.start, line.end) - REACH)
  const end = Math.min(line.end, Math.max(piece.start, line.start) + 2 * REACH)
  const glyphs = glyphsOf(sql, start, end)
  const isMarked = (glyph: Glyph): boolean =>
    glyph.start < piece.end && glyph.end > piece.start && !glyph.isSpace
  const first = glyphs.findIndex(isMarked)
  const last = glyphs.findLastIndex(isMarked)
  const isWhole = start === line.start && end === line.end && widthOf(glyphs) <= columns
  const { from, to } = isWhole
    ? { from: 0, to: glyphs.length }
    : windowAround(glyphs, Math.max(first, 0), Math.max(last, 0), columns - 2 * CUT.length)
  const lead = from > 0 || start > line.start ? CUT : ''
  const tail = to < glyphs.length || end < line.end ? CUT : ''
  const shown = glyphs.slice(from, to)
  const marks = shown.map(({ width }, index) => {
    const isBetween = first !== -1 && from + index >= first && from + index <= last
    return (isBetween ? '^' : ' ').repeat(width)
  })
  return {
    text: `${lead}${shown.map(({ text }) => text).join('')}${tail}`,
    marks: `${lead && ' '}${marks.join('')}`.trimEnd(),
  }
}

/**
 * Returns the range of glyphs to show: those from `first` to `last` that fit into `columns`, and their context if it
 * fits.
 */
function windowAround(
  glyphs: readonly Glyph[],
  first: number,
  last: number,
  columns: number,
): { readonly from: number; readonly to: number } {
  let left = columns
  const take = (index: number, limit: number): boolean => {
    const width = glyphs[index]?.width ?? Infinity
    if (width > limit) return false
    left -= width
    return true
  }
  let to = first
  while (to <= last && take(to, left)) to += 1
  const behind = widthOf(glyphs.slice(to))
  const keep = Math.min(behind, Math.floor(left / 2))
  let from = first
  while (take(from - 1, left - keep)) from -= 1
  while (take(to, left)) to += 1
  return { from, to }
}

function lineAt(sql: string, position: number): { readonly number: number; readonly start: number } {
  let number = 1
  let start = 0
  for (const {
    index,
    0: { length },
  } of sql.matchAll(/\r\n|\r|\n/g)) {
    if (index + length > position) break
    number += 1
    start = index + length
  }
  return { number, start }
}

function endOfLine(sql: string, from: number): number {
  const found = /[\r\n]/g
  found.lastIndex = from
  return found.exec(sql)?.index ?? sql.length
}
