/** A character as a terminal shows it. */
export interface Glyph {
  readonly text: string
  /** Width in columns: 2 for East Asian characters and emoji. */
  readonly width: number
  /** Offset in the text, in UTF-16 units. */
  readonly start: number
  readonly end: number
  readonly isSpace: boolean
}

const TAB_COLUMNS = 4
const graphemes = new Intl.Segmenter()

/** Control characters, and characters that change the direction of text. */
const unprintable = /(?!\u200d)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

const wide =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]/u

/** Makes a text safe to print. */
export function printable(text: string): string {
  return text.replace(unprintable, '\ufffd')
}

/** Returns the glyphs of a range of `text` that lies on one line. Tabs become spaces. */
export function glyphsOf(text: string, from: number, to: number): readonly Glyph[] {
  const glyphs: Glyph[] = []
  let column = 0
  for (const { segment, index } of graphemes.segment(text.slice(from, to))) {
    const shown = segment === '\t' ? ' '.repeat(TAB_COLUMNS - (column % TAB_COLUMNS)) : printable(segment)
    const width = segment === '\t' ? shown.length : wide.test(shown) ? 2 : 1
    const start = from + index
    glyphs.push({ text: shown, width, start, end: start + segment.length, isSpace: shown.trim() === '' })
    column += width
  }
  return glyphs
}

export function widthOf(glyphs: readonly Glyph[]): number {
  return glyphs.reduce((width, glyph) => width + glyph.width, 0)
}
