import type { ClientConfig } from 'pg'
import { addressOf } from '../address.ts'
import { usageError } from '../command.ts'
import { parseFlags, type Flags, type FlagKinds } from '../flags.ts'

export type Format = 'text' | 'json' | 'jsonl'

export interface ClassifyCommandOptions {
  /** Absent: read from standard input. */
  readonly sql: string | undefined
  readonly format: Format
  /** The database whose catalog to load. Absent: the text alone decides. */
  readonly database: ClientConfig | undefined
  /** Path of a JSON file with declarations. */
  readonly declaredFile: string | undefined
}

const KINDS = {
  json: 'boolean',
  jsonl: 'boolean',
  catalog: 'value',
  declared: 'value',
} as const satisfies FlagKinds

export const classifyHelp: string = `[options] [SQL]

Tells what an SQL text is, why, and where the pool would send it, without running it. Without SQL the whole of standard
input is taken for one text.

  --catalog URL    ask this database about functions and relations; without it, relations other than the system's own
                   are taken for ordinary tables, and nothing is assumed of functions
  --declared FILE  what you know better: the pool's option "declared" as JSON
  --json           print one JSON object
  --jsonl          read lines {"sql": "…"} on standard input, and write one line {"kind": "…", "reason": "…", …} for
                   each, in order. A line that cannot be read gives {"error": "…", "line": N} in its place; blank
                   lines are skipped

The exit code is 0 when every text was judged, whatever it is, 1 when a line was not, and 2 when these options are
wrong or the database cannot be asked.
`

/** Parses the options. Throws a usage error that names the option and the legal values, but contains no address. */
export function parseClassifyOptions(args: readonly string[]): ClassifyCommandOptions {
  const { texts, flagArgs } = partition(args)
  const flags = parseFlags(flagArgs, KINDS)
  if (texts.length > 1) throw usageError('Give one SQL text, in quotes')
  const [sql] = texts
  const format = formatOf(flags)
  if (format === 'jsonl' && sql !== undefined) {
    throw usageError('"--jsonl" reads standard input, so it takes no SQL text')
  }
  const url = flags.value('catalog')
  return {
    sql,
    format,
    database: url === undefined ? undefined : addressOf('--catalog', url),
    declaredFile: flags.value('declared'),
  }
}

function formatOf(flags: Flags): Format {
  if (flags.has('json') && flags.has('jsonl')) {
    throw usageError('"--json" is for one text, "--jsonl" for many: give one of them')
  }
  if (flags.has('jsonl')) return 'jsonl'
  return flags.has('json') ? 'json' : 'text'
}

/** Separates SQL texts from flags and their values. */
function partition(args: readonly string[]): {
  readonly texts: readonly string[]
  readonly flagArgs: readonly string[]
} {
  const texts: string[] = []
  const flagArgs: string[] = []
  let takesNext = false
  for (const [index, arg] of args.entries()) {
    if (!takesNext && arg === '--') {
      texts.push(...args.slice(index + 1))
      break
    }
    if (!takesNext && !isFlag(arg)) {
      texts.push(arg)
      continue
    }
    takesNext = !takesNext && (arg === '--catalog' || arg === '--declared')
    flagArgs.push(arg)
  }
  return { texts, flagArgs }
}

/**
 * Whether an argument is a flag. An SQL text may start with a comment, but that rarely is two dashes and a letter
 * without any space.
 */
function isFlag(arg: string): boolean {
  return /^-(?:[^-\s]|-[^-\s]\S*$|-\S+=)/.test(arg)
}
