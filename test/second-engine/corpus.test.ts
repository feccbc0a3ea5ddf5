import { beforeAll, describe, expect, test } from 'vitest'
import { type Engines, loadEngines } from '../corpus/engines.ts'
import { mutations } from '../corpus/mutations.ts'
import { readOutcomes } from '../corpus/outcomes.ts'

/** That engine takes its time: `npm run proof:engines` asks it about all of them. */
const EVERY = 5

const outcomes = readOutcomes()
let engines: Engines
beforeAll(async () => {
  engines = await loadEngines()
})

const flawed = (texts: readonly string[]): readonly unknown[] =>
  texts.flatMap((sql) => engines.compare(sql).flaws.map((flaw) => ({ sql, flaw })))

describe('node-sql-parser is never less safe than PostgreSQL', () => {
  test('on what real servers were asked', { timeout: 60_000 }, () => {
    const texts = outcomes.filter((_, index) => index % EVERY === 0).map(({ sql }) => sql)
    expect(texts.length).toBeGreaterThan(4_000)
    expect(flawed(texts)).toEqual([])
  })

  test('on texts put together from pieces of others', { timeout: 60_000 }, () => {
    const pieces = outcomes.map(({ sql }) => sql)
    expect(flawed(mutations(pieces, 3_000, 7))).toEqual([])
  })
})
