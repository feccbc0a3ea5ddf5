import { builtinCatalog } from '../../../src/catalog/builtin-catalog.ts'
import { decide } from '../../../src/statement/decide.ts'
import type { SqlParser } from '../../../src/statement/parser.ts'
import { textOnlyCatalog } from '../../../src/statement/text-only-catalog.ts'

export interface FuzzFigures {
  readonly texts: number
  /** How many texts had each reason. */
  readonly reasons: Readonly<Record<string, number>>
  /** Texts that could not be looked at, because a parser that broke was being replaced. */
  readonly provisional: number
  readonly slowest: { readonly ms: number; readonly text: string }
  /** Most that the process ever held, WebAssembly's memory included. */
  readonly mostBytes: number
}

/** Judges one text after another. Whatever a text is, judging it must not throw. */
export async function judgeAll(
  parser: SqlParser,
  texts: Iterator<string>,
  count: number,
): Promise<FuzzFigures> {
  const catalog = textOnlyCatalog(builtinCatalog)
  const reasons: Record<string, number> = {}
  let slowest = { ms: 0, text: '' }
  let [provisional, mostBytes] = [0, 0]
  for (let judged = 0; judged < count; judged++) {
    const { value: text } = texts.next() as IteratorYieldResult<string>
    const startedAt = performance.now()
    const analysis = parser.analyze(text)
    const { reason } = decide(analysis, catalog)
    const ms = performance.now() - startedAt
    if (ms > slowest.ms) slowest = { ms, text }
    if (analysis.isProvisional === true) provisional += 1
    reasons[reason] = (reasons[reason] ?? 0) + 1
    if (judged % 500 === 0) mostBytes = Math.max(mostBytes, process.memoryUsage.rss())
    // A broken parser is replaced in the background.
    if (analysis.isProvisional === true || judged % 50 === 0) {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
  }
  return { texts: count, reasons, provisional, slowest, mostBytes }
}
