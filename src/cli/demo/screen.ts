import type { CommandIo } from '../command.ts'
import type { Happening } from './chronicle.ts'
import { mayColor, renderLine, span, wrapped, type Line } from './paint.ts'
import { happeningLine, progressLines, tableLines } from './table.ts'
import type { View } from './view.ts'

/** Output of the demo. */
export interface Screen {
  /** Time between two updates, in milliseconds. */
  readonly intervalMs: number
  /** Shows a step of the preparations. */
  say(text: string): void
  /** Shows a line that stays. */
  keep(text: string): void
  /** Shows an event of a node. */
  tell(happening: Happening): void
  show(view: View, happenings: readonly Happening[]): void
  /** Shows the last lines, which stay. */
  close(lines: readonly Line[]): void
}

const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const CLEAR_TO_LINE_END = '\u001b[K'
const CLEAR_TO_SCREEN_END = '\u001b[J'

export function screenFor({ stdout, env }: CommandIo, seconds: number): Screen {
  if (stdout.isTTY === true && env['TERM'] !== 'dumb')
    return new LiveScreen(stdout, mayColor(stdout, env), seconds)
  return new PlainScreen(stdout)
}

/** Shows nothing. */
export const silentScreen: Screen = {
  intervalMs: 2000,
  say: () => undefined,
  keep: () => undefined,
  tell: () => undefined,
  show: () => undefined,
  close: () => undefined,
}

/** Redraws one table in place. */
export class LiveScreen implements Screen {
  readonly intervalMs = 200
  readonly #stdout: CommandIo['stdout']
  readonly #color: boolean
  readonly #seconds: number
  /** Height of the table above the cursor. */
  #height = 0

  constructor(stdout: CommandIo['stdout'], color: boolean, seconds: number) {
    this.#stdout = stdout
    this.#color = color
    this.#seconds = seconds
  }

  say(text: string): void {
    this.#draw(wrapped([span(`  ${text}`, 'dim')], this.#stdout.columns))
  }

  keep(text: string): void {
    this.say(text)
    this.#height = 0
  }

  tell(): void {
    // The next table shows it.
  }

  show(view: View, happenings: readonly Happening[]): void {
    const rows = this.#stdout.rows === undefined ? undefined : this.#stdout.rows - 1
    this.#draw(tableLines(view, happenings, { seconds: this.#seconds, rows, columns: this.#stdout.columns }))
  }

  close(lines: readonly Line[]): void {
    const fitting = lines.flatMap((line) => wrapped(line, this.#stdout.columns))
    const text = ['', ...fitting.map((line) => renderLine(line, this.#color)), ''].join('\n')
    this.#stdout.write(`${lines.length === 0 ? '' : text}${SHOW_CURSOR}`)
  }

  /** Draws a frame with one write and clears line by line, to avoid flicker. */
  #draw(lines: readonly Line[]): void {
    const { columns } = this.#stdout
    const up = this.#height === 0 ? '' : `\u001b[${this.#height}A`
    const text = lines.map((line) => `${renderLine(line, this.#color, columns)}${CLEAR_TO_LINE_END}\n`)
    this.#stdout.write(`${HIDE_CURSOR}${up}\r${text.join('')}${CLEAR_TO_SCREEN_END}`)
    this.#height = lines.length
  }
}

/** Width of the output to files and pipes. */
const PLAIN_COLUMNS = 80

/** Prints lines one after the other, for files and pipes. */
export class PlainScreen implements Screen {
  readonly intervalMs = 2000
  readonly #stdout: CommandIo['stdout']

  constructor(stdout: CommandIo['stdout']) {
    this.#stdout = stdout
  }

  say(text: string): void {
    this.#print([[span(`  ${text}`)]])
  }

  keep(text: string): void {
    this.say(text)
  }

  tell(happening: Happening): void {
    this.#print([happeningLine(happening)])
  }

  show(view: View): void {
    this.#print(progressLines(view))
  }

  close(lines: readonly Line[]): void {
    this.#print(lines.length === 0 ? [] : [[], ...lines])
  }

  #print(lines: readonly Line[]): void {
    const fitting = lines.flatMap((line) => wrapped(line, PLAIN_COLUMNS))
    this.#stdout.write(fitting.map((line) => `${renderLine(line, false)}\n`).join(''))
  }
}
