import { parseArgs } from 'node:util'
import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import { decide } from '../../src/statement/decide.ts'
import { textOnlyCatalog } from '../../src/statement/text-only-catalog.ts'
import { readOutcomes } from '../corpus/outcomes.ts'
import { percent, score, scoreTable } from '../corpus/score.ts'
import { figuresOf, heldBackTable, wantedShare } from './corpus-figures.ts'
import { fillIn } from './page.ts'
import { ProvingGround } from './proving-ground.ts'
import { replay } from './replay.ts'

/**
 * Replays the corpus against a primary and its standby, judging each statement with the catalog of the moment, and
 * writes the figures to the page on the judgement. Fails when a read was refused, or when all of it was replayed and too
 * few SELECTs were reads. About ten minutes on two cores.
 */
const { values: options } = parseArgs({
  options: {
    /** Names of the corpus's files, parted by commas; then no page is written. */
    files: { type: 'string' },
    page: { type: 'string', default: 'docs/understand/what-is-a-read.md' },
  },
})

const wanted = options.files?.split(',').map((name) => `${name}.sql`)
const outcomes = readOutcomes('test/corpus/standby-outcomes.jsonl.gz').filter(
  ({ file }) => wanted === undefined || wanted.includes(file),
)
const startedAt = performance.now()
const ground = await ProvingGround.open()
const rows = await replay(ground, outcomes, (file) => {
  console.log(`${file} after ${Math.round((performance.now() - startedAt) / 1000)} s`)
})
await ground.close()

const text = textOnlyCatalog(builtinCatalog)
const byText = score(outcomes, (sql) => decide(ground.parser.analyze(sql), text))
const figures = figuresOf(rows)
const { loads, loadMs } = ground.effort
const summary = [
  scoreTable({ 'text alone': byText, 'with the catalog of the moment': figures.score }),
  `${figures.sentToStandby} reads were also sent to a standby that had caught up: ${figures.refusedNow.length} were
refused. ${figures.diverged.length} of ${rows.length} statements no longer run on the primary as they did when they were recorded. The catalog
was loaded ${loads} times, in ${Math.round(loadMs / loads)} ms on average.`,
  'SELECTs that ran on both and are no read, with the catalog:',
  heldBackTable(figures),
].join('\n\n')
console.log(summary)
if (wanted === undefined) fillIn(options.page, 'corpus', summary)

const defects = [...figures.score.misjudged, ...figures.refusedNow.map((row) => row.outcome)]
for (const { file, sql, standby } of defects) console.error(`${file}: recorded ${standby}: ${sql}`)
const { selects, selectsRead } = figures.score
const isEnough = wanted !== undefined || selectsRead / selects >= wantedShare
if (!isEnough)
  console.error(`${selectsRead} of ${selects} SELECTs are reads: fewer than ${percent(wantedShare, 1)}`)
process.exitCode = defects.length === 0 && isEnough ? 0 : 1
