import { parseArgs } from 'node:util'
import { Client } from 'pg'
import { createLibpgQueryParser } from '../../../src/statement/libpg-query-parser.ts'
import { startCluster } from '../../../src/test-cluster/index.ts'
import { generate } from './generate.ts'
import { describeFigures, describeMiss } from './report.ts'
import { shrunk } from './shrink.ts'
import { noFigures, runPlan, type Miss } from './trial.ts'

/**
 * Tries footprints on random schemas: where a write makes the answer to another statement differ, their footprints must meet.
 * Fails at a miss, and prints the least of its schema that still misses.
 */
const { values: options } = parseArgs({
  options: {
    pairs: { type: 'string', default: '50000' },
    seed: { type: 'string' },
    /** Stops after so many schemas with a miss. */
    misses: { type: 'string', default: '3' },
    /** Prints a miss as it is. */
    whole: { type: 'boolean', default: false },
  },
})

const first = options.seed === undefined ? Date.now() % 2 ** 31 : Number(options.seed)
console.log(`${options.pairs} pairs, seed ${first}`)
const cluster = await startCluster({ replicas: 0, settings: { fsync: 'off', autovacuum: 'off' } })
const owner = new Client(cluster.primary.config)
await owner.connect()
await owner.query('CREATE ROLE proof_guest')
const parser = createLibpgQueryParser()
await parser.load()
const stage = { owner, config: cluster.primary.config, parser, figures: noFigures() }
const startedAt = performance.now()
let [seed, missed] = [first, 0]
for (; stage.figures.pairs < Number(options.pairs) && missed < Number(options.misses); seed++) {
  const plan = generate(seed)
  const misses = await runPlan(plan, stage)
  const [miss] = misses
  if (miss === undefined) continue
  missed += 1
  const others = (pieces: Miss): string =>
    `${pieces.write.feature} / ${pieces.read?.feature ?? pieces.relation ?? ''}`
  console.error(
    `seed ${seed}: ${misses.length} misses: ${[...new Set(misses.map(others))].slice(0, 8).join('; ')}`,
  )
  const least = options.whole ? { plan, miss } : await shrunk(plan, miss, { ...stage, figures: noFigures() })
  console.error(describeMiss(least.plan, least.miss))
}
await owner.end()
await cluster.stop()
console.log(describeFigures(stage.figures))
console.log(
  `${seed - first} schemas in ${Math.round((performance.now() - startedAt) / 1000)} s; ${missed} of them with a miss`,
)
process.exitCode = missed === 0 ? 0 : 1
