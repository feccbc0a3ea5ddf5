import { builtinCatalog } from '../../catalog/builtin-catalog.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import { withDeclared } from '../../catalog/declared-catalog.ts'
import type { DeclaredName } from '../../catalog/declared.ts'
import { createJudge } from '../../statement/caching-judge.ts'
import { createLibpgQueryParser } from '../../statement/libpg-query-parser.ts'
import { nameReader } from '../../statement/names.ts'
import { textOnlyCatalog } from '../../statement/text-only-catalog.ts'
import { catalogOf } from '../classify/database.ts'
import { readDeclared } from '../classify/declared-file.ts'
import { EXIT_FAILURE, type Command, type CommandIo } from '../command.ts'
import { mayColor, renderLine } from '../demo/paint.ts'
import { historicCatalog } from './historic-catalog.ts'
import { dryRunHelp, parseDryRunOptions, type DryRunOptions } from './options.ts'
import { Replay } from './replay.ts'
import { asJson, reportLines } from './report.ts'
import { openSource } from './sources/open.ts'
import { Tally } from './tally.ts'

const DEFAULT_COLUMNS = 100
const CACHE_BYTES = 32 * 2 ** 20
/** The pool's default. */
const MAX_SQL_BYTES = 2 ** 18

const NOT_PREDICTED =
  'A read that must show a write of its session waits for a replica, or runs on the primary if that is ' +
  'sooner. How many do depends on lag.'
const WITHOUT_SERVER =
  'Without --server, tables are taken for ordinary ones, and functions of your own are not known.'

export const dryRun: Command = {
  summary: 'Predict the effect of routing on the traffic of a running system',
  help: dryRunHelp,
  async run(args, io) {
    const options = parseDryRunOptions(args)
    const { declaredFile, server, source: from } = options
    const declared = declaredFile === undefined ? [] : await readDeclared(declaredFile)
    // First: loading the catalog is traffic, too.
    const source = await openSource(from, server, io.stdin)
    const { catalog, notes } = await knowledgeOf(options, declared)
    const tally = await tallyOf(source.traffic, catalog, options)
    const isEmpty = tally.all.calls === 0
    // Why there is nothing is all that matters then.
    const unknown = isEmpty ? source.notes() : [...source.notes(), ...notes(), NOT_PREDICTED]
    write(tally, unknown, options.json, io)
    return isEmpty ? EXIT_FAILURE : 0
  },
}

interface Knowledge {
  readonly catalog: Catalog
  /** To be read when all traffic has been judged. */
  readonly notes: () => readonly string[]
}

async function knowledgeOf({ server }: DryRunOptions, declared: readonly DeclaredName[]): Promise<Knowledge> {
  if (server === undefined) {
    const catalog = textOnlyCatalog(withDeclared(builtinCatalog, declared))
    return { catalog, notes: () => [WITHOUT_SERVER] }
  }
  const catalog = historicCatalog(await catalogOf(server, declared))
  return { catalog, notes: () => missingIn(catalog.missing) }
}

function missingIn({ size }: ReadonlySet<string>): readonly string[] {
  if (size === 0) return []
  return [`${size} relations are not in this database any more, and are taken for ordinary tables.`]
}

async function tallyOf(
  traffic: Awaited<ReturnType<typeof openSource>>['traffic'],
  catalog: Catalog,
  { isOptimistic, keepsClients }: DryRunOptions,
): Promise<Tally> {
  const parser = createLibpgQueryParser()
  const judge = createJudge({
    parser,
    catalog: () => catalog,
    cacheBytes: CACHE_BYTES,
    maxSqlBytes: MAX_SQL_BYTES,
  })
  await judge.load()
  const tally = new Tally()
  const replay = new Replay({
    judge,
    names: nameReader(judge, parser),
    isOptimistic,
    keepsClients,
    told: (outcome) => tally.add(outcome),
  })
  for await (const each of traffic) {
    if ('ended' in each) replay.ended(each.ended)
    else replay.ran(each)
  }
  replay.end()
  return tally
}

function write(tally: Tally, notes: readonly string[], json: boolean, { stdout, env }: CommandIo): void {
  if (json) {
    stdout.write(`${asJson(tally, notes)}\n`)
    return
  }
  const color = mayColor(stdout, env)
  for (const line of reportLines(tally, notes, stdout.columns ?? DEFAULT_COLUMNS)) {
    stdout.write(`${renderLine(line, color)}\n`)
  }
}
