import { createHash } from 'node:crypto'
import type { PoolClient, QueryArrayResult } from 'pg'

/** What a statement gave its caller. */
export type Answer =
  | {
      readonly kind: 'rows'
      readonly command: string
      readonly rowCount: number | null
      /** A digest of the columns' names and of all rows, in their order. */
      readonly digest: string
      /** The same, whatever the order of the rows. */
      readonly unordered: string
      readonly excerpt: string
    }
  | {
      readonly kind: 'error'
      /** The SQLSTATE; the message where there is none. */
      readonly code: string
      readonly excerpt: string
    }
  | { readonly kind: 'none'; readonly excerpt: string }

/** Values as the server wrote them. */
const asText = { getTypeParser: () => (value: unknown) => value }

/** Runs one statement and waits for it, for at most `patienceMs`. */
export async function answerOf(client: PoolClient, sql: string, patienceMs: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'none', excerpt: `no answer in ${patienceMs} ms` }), patienceMs)
  })
  try {
    const query = client.query({ text: sql, rowMode: 'array', types: asText })
    return await Promise.race([query.then(fromResults), tooLate])
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: string }
    return { kind: 'error', code: code ?? message, excerpt: message }
  } finally {
    clearTimeout(timer)
  }
}

/** Where two answers differ, in a word; `undefined` when they do not. */
export function difference(one: Answer, other: Answer): string | undefined {
  if (one.kind === 'error' && other.kind === 'error') {
    return one.code === other.code ? undefined : `${one.code} became ${other.code}`
  }
  if (one.kind === 'rows' && other.kind === 'rows') {
    if (one.command !== other.command) return `command ${one.command} became ${other.command}`
    if (one.rowCount !== other.rowCount) return 'another number of rows'
    if (one.digest === other.digest) return undefined
    return one.unordered === other.unordered ? 'another order of rows' : 'other rows'
  }
  return `${label(one)} became ${label(other)}`
}

function label(answer: Answer): string {
  return answer.kind === 'error' ? answer.code : answer.kind
}

/** Of several statements in one text there are several results. */
function fromResults(given: QueryArrayResult | readonly QueryArrayResult[]): Answer {
  const results = [given].flat() as readonly QueryArrayResult[]
  const rows = results.flatMap((result) => result.rows.map((row) => JSON.stringify(row)))
  const columns = JSON.stringify(results.map(({ fields }) => fields.map(({ name }) => name)))
  return {
    kind: 'rows',
    command: results.map(({ command }) => command).join(';'),
    rowCount: results.reduce<number | null>((sum, { rowCount }) => addUp(sum, rowCount), null),
    digest: digestOf([columns, ...rows]),
    unordered: digestOf([columns, ...rows.toSorted()]),
    excerpt: [columns, ...rows].join('\n').slice(0, 2_000),
  }
}

function addUp(sum: number | null, count: number | null): number | null {
  return count === null ? sum : (sum ?? 0) + count
}

function digestOf(lines: readonly string[]): string {
  const hash = createHash('sha1')
  for (const line of lines) hash.update(line).update('\n')
  return hash.digest('base64')
}
