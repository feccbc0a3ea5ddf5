// Classifies statements in a worker of the browser, so that a long text does not stop the page.
import { pieceOf } from '../../src/cli/classify/offending-piece.ts'
import { reasonInWords } from '../../src/cli/classify/reasons.ts'
import { classify } from '../../src/statement/classify.ts'

const answer = (message) => globalThis.postMessage(message, [])

globalThis.addEventListener('message', ({ data: { id, sql } }) => {
  judge(sql).then(
    (verdict) => answer({ id, verdict }),
    (error) => answer({ id, error: String(error) }),
  )
})

async function judge(sql) {
  const statement = await classify(sql)
  const { footprint, hint, kind, offender, reason } = statement
  const piece = offender === undefined ? undefined : pieceOf(sql, offender)
  return { kind, reason, words: reasonInWords(statement), piece, hint, footprint }
}
