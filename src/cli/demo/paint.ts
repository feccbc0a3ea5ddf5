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

/** Whether output to this stream may have colors: see https://no-color.org. */
export function mayColor(
  stream: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}

/** Wraps a line between words at `columns`. Further lines keep its indentation. */
export function wrapped(line: Line, columns: number = Infinity): readonly Line[] {
  const indent = /^ */.exec(line[0]?.text ?? '')?.[0] ?? ''
  const lines: Span[][] = [[]]
  let width = 0
  for (const { text, style } of line) {
    for (const word of text.match(/\s*\S+|\s+$/g) ?? []) {
      const isTooLong = width > indent.length && width + word.trimEnd().length > columns
      if (isTooLong) lines.push([span(indent)])
      const shown = isTooLong ? word.trimStart() : word
      width = (isTooLong ? indent.length : width) + shown.length
      lines.at(-1)?.push({ text: shown, style })
    }
  }
  return lines
}

/** Renders a line, cut at `columns`. */
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
