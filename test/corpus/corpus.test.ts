import { beforeAll, expect, test } from 'vitest'
import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import { decide } from '../../src/statement/decide.ts'
import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import { textOnlyCatalog } from '../../src/statement/text-only-catalog.ts'
import { readOutcomes } from './outcomes.ts'
import { score, scoreTable, type Score } from './score.ts'

const parser = createLibpgQueryParser()
const catalog = textOnlyCatalog(builtinCatalog)
let result: Score

beforeAll(async () => {
  await parser.load()
  result = score(readOutcomes(), (sql) => decide(parser.analyze(sql), catalog))
})

test('nothing that a standby refuses is judged a read', () => {
  expect(result.refused).toBeGreaterThan(7_000)
  expect(result.misjudged).toEqual([])
})

test('at least 85 % of the SELECTs that ran on both are judged a read, by the text alone', () => {
  process.stdout.write(`${scoreTable({ [parser.name]: result })}\n`)
  expect(result.selects).toBeGreaterThan(5_000)
  expect(result.selectsRead / result.selects).toBeGreaterThan(0.85)
})
