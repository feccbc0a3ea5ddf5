/** A line of the input, or the reason why it is invalid. `number` starts at 1. */
export type InputLine =
  { readonly number: number; readonly text: string } | { readonly number: number; readonly error: string }

const LINE_FEED = 10

/** Splits bytes into lines of UTF-8. Buffers at most one line of at most `maxLineBytes`. */
export class LineSplitter {
  readonly #maxLineBytes: number
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #begun: Uint8Array[] = []
  #begunBytes = 0
  #lines = 0

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes
  }

  /** Returns the lines that end in this chunk. */
  push(chunk: Uint8Array): readonly InputLine[] {
    const lines: InputLine[] = []
    let from = 0
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
      this.#begin(chunk.subarray(from, at))
      lines.push(this.#end())
      from = at + 1
    }
    if (from < chunk.length) this.#begin(chunk.subarray(from))
    return lines
  }

  /** Returns the last line if it has no line break. */
  rest(): readonly InputLine[] {
    return this.#begunBytes === 0 ? [] : [this.#end()]
  }

  #begin(piece: Uint8Array): void {
    this.#begunBytes += piece.length
    if (this.#begunBytes > this.#maxLineBytes) this.#begun = []
    else this.#begun.push(piece)
  }

  #end(): InputLine {
    this.#lines += 1
    const number = this.#lines
    const isTooLong = this.#begunBytes > this.#maxLineBytes
    const bytes = this.#begun.length === 1 ? this.#begun[0] : Buffer.concat(this.#begun)
    this.#begun = []
    this.#begunBytes = 0
    if (isTooLong) return { number, error: `The line is longer than ${this.#maxLineBytes} bytes` }
    try {
      return { number, text: this.#decoder.decode(bytes) }
    } catch {
      return { number, error: 'The line is not UTF-8' }
    }
  }
}
