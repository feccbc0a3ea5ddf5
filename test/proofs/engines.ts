import { loadEngines } from '../corpus/engines.ts'
import { readOutcomes } from '../corpus/outcomes.ts'
import { score, scoreTable } from '../corpus/score.ts'

/** Judges the corpus with the second engine. Fails where that is less safe than PostgreSQL's own grammar. */
const outcomes = readOutcomes('test/corpus/standby-outcomes.jsonl.gz')
const { second, compare } = await loadEngines()
const comparisons = new Map(outcomes.map((outcome) => [outcome, compare(outcome.sql)]))
const flawed = [...comparisons].flatMap(([{ sql }, { flaws }]) => flaws.map((flaw) => `${flaw}: ${sql}`))
for (const line of flawed) console.error(line)
const figures = score(outcomes, (sql, outcome) => (comparisons.get(outcome) ?? compare(sql)).judged)
console.log(
  `${scoreTable({ [second.name]: figures })}\n${flawed.length} flaws in ${outcomes.length} statements`,
)
if (flawed.length > 0 || figures.misjudged.length > 0) process.exitCode = 1
