import { parseArgs } from 'node:util'
import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import { randomNumbers } from '../corpus/mutations.ts'
import { readOutcomes } from '../corpus/outcomes.ts'
import { judgeAll } from './fuzz-run.ts'
import { mutilated } from './mutilated.ts'

/** Judges mutilated texts. Fails when one throws, takes longer than a second, or the process grows without end. */
const { values: options } = parseArgs({
  options: { texts: { type: 'string', default: '100000' }, seed: { type: 'string' } },
})

const seed = options.seed === undefined ? Date.now() % 2 ** 31 : Number(options.seed)
console.log(`${options.texts} texts, seed ${seed}`)
const corpus = readOutcomes('test/corpus/standby-outcomes.jsonl.gz').map(({ sql }) => sql)
const parser = createLibpgQueryParser()
await parser.load()
const figures = await judgeAll(parser, mutilated(corpus, randomNumbers(seed)), Number(options.texts))
const { slowest, mostBytes } = figures
console.log({
  ...figures,
  slowest: { ...slowest, text: slowest.text.slice(0, 200), length: slowest.text.length },
})
if (slowest.ms > 1_000 || mostBytes > 2 ** 30) process.exitCode = 1
