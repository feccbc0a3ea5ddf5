import { splitScript } from '../split-script.ts'
import type { Source, Traffic } from '../traffic.ts'

/** One client runs a script. */
const CLIENT = 'script'

/** Reads a script, or lines of JSON such as `{"sql": "…", "calls": 5, "ms": 12.5, "session": "a"}`. */
export function readStatements(text: string): Source {
  const isJson = /^\s*\{/.test(text)
  let unread = 0
  const rows = isJson
    ? text.split('\n').flatMap((line): readonly Traffic[] => {
        if (line.trim() === '') return []
        const row = rowIn(line)
        if (row === undefined) unread += 1
        return row === undefined ? [] : [row]
      })
    : splitScript(text).map((sql): Traffic => ({ session: CLIENT, sql, calls: 1 }))
  return {
    traffic: each(rows),
    notes: () =>
      unread === 0 ? [] : [`Lines that are no objects with a string "sql", and do not count: ${unread}.`],
  }
}

async function* each(rows: readonly Traffic[]): AsyncIterable<Traffic> {
  for (const row of rows) yield await Promise.resolve(row)
}

function rowIn(line: string): Traffic | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { sql, calls, ms, session } = value as Readonly<Record<string, unknown>>
  if (typeof sql !== 'string') return undefined
  return {
    sql,
    calls: typeof calls === 'number' && calls > 0 ? calls : 1,
    ...(typeof ms === 'number' && ms >= 0 && { ms }),
    ...((typeof session === 'string' || typeof session === 'number') && { session: `${session}` }),
  }
}
