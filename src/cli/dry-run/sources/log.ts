import type { SessionEnd, Source, Traffic } from '../traffic.ts'
import { messageIn } from './message.ts'
import { csvRecords, jsonRecords, stderrRecords, type LogRecord, type RecordReader } from './records.ts'

/** All sessions together, where the log does not tell them apart. */
const ANY_SESSION = 'any'

/** A log in which every one of so many statements took longer than this holds only slow ones. */
const FEWEST_TIMED = 100
const SLOW_MS = 5

/** Reads the statements in a log of PostgreSQL, in whichever of its formats it is. */
export class LogSource implements Source {
  readonly traffic: AsyncIterable<Traffic | SessionEnd>
  readonly #database: string | undefined
  #statements = 0
  #hasNoSession = false
  #timed = 0
  #quickestMs = Infinity

  /** @param database Leaves out statements of other databases, where the log says which. */
  constructor(lines: AsyncIterable<string>, database?: string) {
    this.#database = database
    this.traffic = this.#read(lines)
  }

  notes(): readonly string[] {
    const notes: string[] = []
    if (this.#statements === 0) {
      notes.push(
        'The log holds no statements. Set log_statement = all, or log_min_duration_statement = 0, for a while.',
      )
    }
    if (this.#hasNoSession) {
      notes.push(
        'Lines do not say which session wrote them, so transactions cannot be told apart: put %p or %c into ' +
          'log_line_prefix.',
      )
    }
    if (this.#timed >= FEWEST_TIMED && this.#quickestMs >= SLOW_MS) {
      notes.push(
        'The log seems to hold only slow statements, and no BEGIN or COMMIT. Shares hold for these alone; ' +
          'log_min_duration_statement = 0 logs all.',
      )
    }
    return notes
  }

  async *#read(lines: AsyncIterable<string>): AsyncIterable<Traffic | SessionEnd> {
    // The duration may follow in a record of its own.
    const pending = new Map<string, Traffic>()
    for await (const { session = ANY_SESSION, severity, message, database } of recordsIn(lines)) {
      if (severity !== 'LOG') continue
      if (this.#database !== undefined && database !== undefined && database !== this.#database) continue
      const said = messageIn(message)
      if (said === undefined) continue
      const before = pending.get(session)
      if (said.kind === 'duration') {
        if (before !== undefined && before.ms === undefined) {
          pending.set(session, { ...before, ms: this.#time(said.ms) })
        }
        continue
      }
      if (before !== undefined) yield before
      pending.delete(session)
      if (said.kind === 'disconnection') {
        yield { ended: session }
        continue
      }
      this.#statements += 1
      if (session === ANY_SESSION) this.#hasNoSession = true
      const { sql, ms } = said
      pending.set(session, {
        sql,
        calls: 1,
        ...(session !== ANY_SESSION && { session }),
        ...(ms !== undefined && { ms: this.#time(ms) }),
      })
    }
    yield* pending.values()
  }

  #time(ms: number): number {
    this.#timed += 1
    this.#quickestMs = Math.min(this.#quickestMs, ms)
    return ms
  }
}

async function* recordsIn(lines: AsyncIterable<string>): AsyncIterable<LogRecord> {
  const iterator = lines[Symbol.asyncIterator]()
  let first = await iterator.next()
  while (first.done !== true && first.value.trim() === '') first = await iterator.next()
  if (first.done === true) return
  const { value } = first
  yield* readerFor(value)(startingWith(value, iterator))
}

/** Tells the format by its first line. */
function readerFor(line: string): RecordReader {
  if (line.startsWith('{')) return jsonRecords
  return /^\d{4}-\d\d-\d\d [\d:.]+ [^,]*,(?:"[^"]*")?,/.test(line) ? csvRecords : stderrRecords
}

async function* startingWith(first: string, rest: AsyncIterator<string>): AsyncIterable<string> {
  yield first
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}
