import type { Readable, Writable } from 'node:stream'
import { asJson, type JudgeText } from './judge-text.ts'
import { LineSplitter, type InputLine } from './lines.ts'
import { createOutput } from './output.ts'

/** Maximum size of a line. The pool parses only much shorter texts. */
const MAX_LINE_BYTES = 4 * 2 ** 20

export interface JsonlOutcome {
  readonly judged: number
  /** Number of invalid lines, which are answered with an error. */
  readonly failed: number
  /** False when the output was closed before its end. */
  readonly isComplete: boolean
}

/**
 * Answers each line of `input` with one line, in order. Each chunk of input is answered before the next is read. So a
 * slow reader slows the input down, and no answer waits for more input.
 */
export async function classifyLines(
  input: Readable,
  stream: Writable,
  judge: JudgeText,
  maxLineBytes: number = MAX_LINE_BYTES,
): Promise<JsonlOutcome> {
  const output = createOutput(stream)
  const splitter = new LineSplitter(maxLineBytes)
  let judged = 0
  let failed = 0
  const answerAll = async (lines: readonly InputLine[]): Promise<boolean> => {
    let answers = ''
    for (const line of lines) {
      if ('text' in line && line.text.trim() === '') continue
      const { sql, error } = sqlOf(line)
      if (sql === undefined) failed += 1
      else judged += 1
      answers += sql === undefined ? JSON.stringify({ error, line: line.number }) : asJson(await judge(sql))
      answers += '\n'
    }
    return answers === '' || output.write(answers)
  }
  for await (const chunk of input) {
    if (!(await answerAll(splitter.push(Buffer.from(chunk as Uint8Array | string))))) {
      return { judged, failed, isComplete: false }
    }
  }
  const isComplete = await answerAll(splitter.rest())
  return { judged, failed, isComplete }
}

interface LineContent {
  readonly sql?: string
  readonly error?: string
}

/** Errors do not contain the line's content, which may be private. */
function sqlOf(line: InputLine): LineContent {
  if ('error' in line) return { error: line.error }
  let value: unknown
  try {
    value = JSON.parse(line.text)
  } catch {
    return { error: 'The line is not JSON' }
  }
  const sql = typeof value === 'object' && value !== null && 'sql' in value ? value.sql : undefined
  return typeof sql === 'string' ? { sql } : { error: 'The line is no object with a string "sql"' }
}
