import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** A piece of a line in one style. */
export interface Span {
  readonly text: string
  readonly style?: Style | undefined
}

export type Line = readonly Span[]

export function span(text: string, style?: Style): Span {
  return { text, style }
}

/** Whether text that goes to this stream may be coloured: see https://no-color.org. */
export function mayColor(
  stream: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}

/** The line as text, cut off at `columns`. */
export function renderLine(line: Line, color: boolean, columns: number = Infinity): string {
  let left = columns
  let rendered = ''
  for (const { text, style } of line) {
    const fitting = text.length <= left ? text : text.slice(0, left)
    left -= fitting.length
    rendered +=
      color && style !== undefined && fitting !== ''
        ? styleText(style, fitting, { validateStream: false })
        : fitting
  }
  return color ? rendered : rendered.trimEnd()
}
