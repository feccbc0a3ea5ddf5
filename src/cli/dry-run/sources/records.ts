/** A record of PostgreSQL's log. */
export interface LogRecord {
  /** Absent where the line does not say which session wrote it. */
  readonly session?: string
  readonly database?: string
  readonly severity: string
  readonly message: string
}

type Lines = AsyncIterable<string>

/** Reads records from lines; a record may span several. */
export type RecordReader = (lines: Lines) => AsyncIterable<LogRecord>

/** Records of `jsonlog`: one JSON object a line. */
export async function* jsonRecords(lines: Lines): AsyncIterable<LogRecord> {
  for await (const line of lines) {
    let record: unknown
    try {
      record = JSON.parse(line)
    } catch {
      continue
    }
    if (typeof record !== 'object' || record === null) continue
    const text = (name: string): string | undefined => {
      const value: unknown = Reflect.get(record, name)
      return typeof value === 'string' ? value : undefined
    }
    yield {
      severity: text('error_severity') ?? '',
      message: text('message') ?? '',
      ...optional('session', text('session_id')),
      ...optional('database', text('dbname')),
    }
  }
}

/** Columns of `csvlog`, counted from 0. */
const CSV = { database: 2, session: 5, severity: 11, message: 13 } as const

/** Records of `csvlog`: quoted fields may hold line breaks. */
export async function* csvRecords(lines: Lines): AsyncIterable<LogRecord> {
  const open: string[] = []
  let isOpen = false
  for await (const line of lines) {
    if (quotesIn(line) % 2 === 1) isOpen = !isOpen
    open.push(line)
    if (isOpen) continue
    const text = open.splice(0).join('\n')
    const fields = csvFields(text)
    yield {
      severity: fields[CSV.severity] ?? '',
      message: fields[CSV.message] ?? '',
      ...optional('session', fields[CSV.session]),
      ...optional('database', fields[CSV.database]),
    }
  }
}

function quotesIn(line: string): number {
  let quotes = 0
  for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) quotes++
  return quotes
}

function csvFields(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
}

const STDERR_LINE =
  /^(.*?)(LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?|DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION): {2}(.*)$/
/** `[%p]` or `%c`, as the prefix of a line shows the session. */
const SESSION = /\[(\d+)(?:-\d+)?\]|\b([0-9a-f]{8}\.[0-9a-f]+)\b/

/** Records of the log on standard error. Lines that continue a message begin with a tab. */
export async function* stderrRecords(lines: Lines): AsyncIterable<LogRecord> {
  let record: LogRecord | undefined
  for await (const line of lines) {
    if (line.startsWith('\t')) {
      if (record !== undefined) record = { ...record, message: `${record.message}\n${line.slice(1)}` }
      continue
    }
    const [, prefix, severity, message] = STDERR_LINE.exec(line) ?? []
    if (severity === undefined || message === undefined) continue
    if (record !== undefined) yield record
    const [, pid, session] = SESSION.exec(prefix ?? '') ?? []
    record = { severity, message, ...optional('session', session ?? pid) }
  }
  if (record !== undefined) yield record
}

function optional<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined || value === '' ? {} : ({ [name]: value } as Partial<Record<Name, string>>)
}
