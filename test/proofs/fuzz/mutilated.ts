/** Pieces that lexers stumble over: quotes and comments that do not end, zero bytes, halves of surrogate pairs. */
const quotes = ["'", '"', '$$', '$a$', '/*', '*/', '--', '\\', "E'\\", "U&'\\"]
const signs = ['\n', ';', '(', ')', '[', ']', '{', ':', '::', '$1', '1e', '0x', '.', '+']
const characters = [
  '\0',
  '\uD800',
  '\uDC00',
  '\uFFFF',
  '\uFEFF',
  '\u202E',
  '\u00A0',
  '😀',
  'ß',
  'İ',
  '\r',
  '\x1B',
]
const words = [' select ', ' from ', ' with ', ' union ', ' for update ', ' explain ', '/* route: replica */']
const pieces = [...quotes, ...signs, ...characters, ...words]

/** Texts made of the corpus's texts and of nothing, broken in up to four places. */
export function* mutilated(corpus: readonly string[], random: () => number): Generator<string, never> {
  const below = (limit: number): number => Math.floor(random() * limit)
  const any = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item
  const noise = (): string =>
    String.fromCharCode(...Array.from({ length: 1 + below(8) }, () => below(0x1_0000)))
  const operations: readonly ((text: string, at: number, to: number) => string)[] = [
    (text, at) => text.slice(0, at),
    (text, at) => text.slice(at),
    (text, at, to) => text.slice(0, at) + text.slice(to),
    (text, at, to) => text.slice(0, to) + text.slice(at, to) + text.slice(to),
    (text, at, to) => text.slice(0, to) + text.slice(at, to).repeat(1 + below(40)) + text.slice(to),
    (text, at) => text.slice(0, at) + any(pieces) + text.slice(at),
    (text, at) => text.slice(0, at) + any(pieces).repeat(1 + below(2_000)) + text.slice(at),
    (text, at) => text.slice(0, at) + noise() + text.slice(at),
    (text, at) => {
      const other = any(corpus)
      return text.slice(0, at) + other.slice(below(other.length))
    },
    (text, at, to) => text.slice(0, at) + any(corpus) + text.slice(to),
  ]
  for (;;) {
    let text = random() < 0.05 ? noise() : any(corpus)
    for (let count = 1 + below(4); count > 0; count--) {
      const at = below(text.length + 1)
      text = any(operations)(text, at, at + below(text.length + 1 - at))
    }
    yield text
  }
}
