import { parseArgs } from 'node:util'
import { createLibpgQueryParser } from '../../../src/statement/libpg-query-parser.ts'
import { randomNumbers } from '../../corpus/mutations.ts'
import { readOutcomes } from '../../corpus/outcomes.ts'
import { judgeAll } from './judge-all.ts'
import { mutilated } from './mutilated.ts'
import { runFuzz } from './run.ts'
import { targets } from './targets.ts'

/**
 * Gives made-up inputs to everything that takes input from outside. Fails when something throws other than an error with a
 * code of this library, takes longer than 100 ms each time, changes a prototype, tells a secret, or grows without end.
 */
const { values: options } = parseArgs({
  options: {
    /** For each target. */
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    /** Names of targets, or the beginnings of them, separated by commas; `sql` is one. */
    only: { type: 'string' },
  },
})

const seed = options.seed === undefined ? Date.now() % 2 ** 31 : Number(options.seed)
const inputs = Number(options.inputs)
const isWanted = (name: string): boolean =>
  options.only?.split(',').some((only) => name.startsWith(only)) ?? true
if (![...targets.map(({ name }) => name), 'sql'].some(isWanted))
  throw new Error(`No target is named ${options.only}`)
console.log(`${inputs} inputs for each target, seed ${seed}`)
let isFlawed = false
for (const target of targets.filter(({ name }) => isWanted(name))) {
  const figures = await runFuzz(target, inputs, seed)
  console.log(target.name, { ...figures, findings: figures.findings.length })
  for (const { problem, input } of figures.findings) console.error(`  ${problem}\n    ${input}`)
  isFlawed ||= figures.findings.length > 0
}
if (isWanted('sql')) {
  const corpus = readOutcomes('test/corpus/standby-outcomes.jsonl.gz').map(({ sql }) => sql)
  const parser = createLibpgQueryParser()
  await parser.load()
  const { slowest, ...figures } = await judgeAll(parser, mutilated(corpus, randomNumbers(seed)), inputs)
  const { text, ms } = slowest
  console.log('sql', { ...figures, slowest: { ms, length: text.length, text: text.slice(0, 200) } })
  isFlawed ||= ms > 100 || figures.mostBytes > 2 ** 30
}
process.exitCode = isFlawed ? 1 : 0
