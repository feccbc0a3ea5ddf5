import { loadModule, parseSync } from 'libpg-query'
import { bench, do_not_optimize, run, summary } from 'mitata'
import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import { createJudge } from '../../src/statement/caching-judge.ts'
import { decide } from '../../src/statement/decide.ts'
import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import { createNodeSqlParser } from '../../src/statement/node-sql-parser-parser.ts'
import { textOnlyCatalog } from '../../src/statement/text-only-catalog.ts'
import { texts } from './texts.ts'

/**
 * Measures the cost of a judgement: of a text seen before, and of a new one with either engine. For comparison it
 * measures libpg-query's own `parseSync` on the same text, tree included. `npm run bench:judge`
 */
const catalog = textOnlyCatalog(builtinCatalog)
const first = createLibpgQueryParser()
const second = createNodeSqlParser()
const judge = createJudge({
  parser: first,
  catalog: () => catalog,
  cacheBytes: 10_000_000,
  maxSqlBytes: 100_000,
})
await Promise.all([judge.load(), second.load(), loadModule()])

for (const [name, sql] of Object.entries(texts)) {
  judge.judge(sql)
  summary(() => {
    bench(`${name}: libpg-query's parseSync`, () => do_not_optimize(parseSync(sql))).baseline(true)
    bench(`${name}: seen before`, () => do_not_optimize(judge.judge(sql)))
    bench(`${name}: new`, () => do_not_optimize(decide(first.analyze(sql), catalog)))
    bench(`${name}: new, with node-sql-parser`, () => do_not_optimize(decide(second.analyze(sql), catalog)))
  })
}

await run()
