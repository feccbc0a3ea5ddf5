import { parseArgs } from 'node:util'
import { readOutcomes } from '../corpus/outcomes.ts'
import { replayFootprints } from './footprints-run.ts'
import { ProvingGround } from './proving-ground.ts'

/**
 * Replays the corpus, and compares what each write really changed with its footprint. Fails when a relation was changed that a
 * footprint does not cover.
 */
const { values: options } = parseArgs({
  options: {
    /** Names of the corpus's files, parted by commas. */
    files: { type: 'string' },
  },
})

const wanted = options.files?.split(',').map((name) => `${name}.sql`)
const outcomes = readOutcomes('test/corpus/standby-outcomes.jsonl.gz').filter(
  ({ file }) => wanted === undefined || wanted.includes(file),
)
const startedAt = performance.now()
const ground = await ProvingGround.open()
const figures = await replayFootprints(ground, outcomes, (file) => {
  console.log(`${file} after ${Math.round((performance.now() - startedAt) / 1000)} s`)
})
await ground.close()
const { bounded, changed, misses, writes } = figures
console.log(
  `${writes} writes; ${bounded} with a bounded footprint were compared, which changed ${changed} relations: ${misses.length} missed`,
)
for (const { file, relation, sql } of misses)
  console.error(`${file}: ${relation} is not covered by\n${sql}\n`)
process.exitCode = misses.length === 0 && bounded > 0 ? 0 : 1
