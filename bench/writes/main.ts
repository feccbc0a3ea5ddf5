import { dirname, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { checkPage, fillIn } from '../../test/proofs/page.ts'
import { writeResult } from '../support/environment.ts'
import type { Measure } from './compare.ts'
import { questionsTo, startGround, type Lag } from './ground.ts'
import { CASES, measureMatrix, type Case } from './matrix.ts'
import { measureMix } from './mix.ts'
import { plotMatrix, plotMix } from './plots.ts'
import { idleQuestions, whileNobodyReads } from './questions.ts'
import { summaryOf } from './summary.ts'

/**
 * Measures how writes slow reads. Compares a pool that also writes with a bare `pg.Pool` on the primary that makes the
 * same writes, in turn.
 */
const { values: given } = parseArgs({
  options: {
    only: { type: 'string', default: [...CASES, 'mix', 'nobody-reads'].join(',') },
    lag: { type: 'string' },
    rate: { type: 'string' },
    sessions: { type: 'string', default: 'none,request,ten' },
    callers: { type: 'string' },
    shares: { type: 'string' },
    'same-rows': { type: 'string', default: '16' },
    eventual: { type: 'string', default: 'another-table' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    max: { type: 'string', default: '10' },
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: 'bench/results/writes.json' },
    /** Page to put the figures on. */
    page: { type: 'string' },
  },
})
const { quick } = given

const names = (text: string): readonly string[] => text.split(',').filter((name) => name !== '')
const numbers = (text: string): readonly number[] => names(text).map(Number)
const lags = (text: string): readonly Lag[] =>
  names(text).map((name) => (name === 'natural' ? name : Number(name)))
const only = names(given.only)
const sessions = names(given.sessions)
const max = Number(given.max)
const seconds = Number(given.seconds ?? (quick ? 0.3 : 0.6))
const rounds = Number(given.rounds ?? (quick ? 1 : 5))
const isCase = (name: string): name is Case => CASES.some((each) => each === name)
const unknown = only.filter((name) => !isCase(name) && name !== 'mix' && name !== 'nobody-reads')
if (unknown.length > 0) throw new RangeError(`--only has no case "${unknown.join(', ')}"`)

if (given.page !== undefined) checkPage(given.page, 'writes')

const startedAtMs = performance.now()
await using cluster = await startGround()
using questions = questionsTo(cluster.primary)
const counting = { cluster, max, questions, seconds: quick ? 1 : 3 }
const idle = await idleQuestions(counting)
const measure: Measure = { cluster, rounds, seconds, max, questions, idleQuestions: idle }

const matrix = await measureMatrix(measure, {
  cases: only.filter(isCase),
  lags: lags(given.lag ?? 'natural,20'),
  rates: numbers(given.rate ?? (quick ? '200' : '1,20,200,1000')),
  sessions: sessions.filter((name) => name === 'none' || name === 'request'),
  callers: numbers(given.callers ?? (quick ? '4' : '4,16')),
  sameRows: Number(given['same-rows']),
  eventual: names(given.eventual).filter(isCase),
})
const mix = await measureMix(measure, {
  writeShares: only.includes('mix') ? numbers(given.shares ?? (quick ? '5' : '5,20')) : [],
  lags: lags(given.lag ?? (quick ? '20' : 'natural,5,20')),
  sessions: sessions.filter((name) => name === 'none' || name === 'ten'),
  callers: numbers(given.callers ?? (quick ? '8' : '8,32')),
})
const nobodyReads = only.includes('nobody-reads') ? await whileNobodyReads(counting, 1000, idle) : undefined
if (nobodyReads !== undefined) {
  console.log(
    `nobody reads, ${nobodyReads.writesPerSecond} writes/s: ${nobodyReads.questionsPerWrite} questions a write`,
  )
}

const directory = dirname(given.out)
const plots = [...plotMatrix(directory, matrix), ...plotMix(directory, mix)]
const summary = summaryOf({ matrix, mix, nobodyReads })
console.log(`\n${summary}\n`)
const tookSeconds = Math.round((performance.now() - startedAtMs) / 1000)
console.log(`took ${tookSeconds} s`)
writeResult(given.out, {
  bench: 'writes',
  rounds,
  seconds,
  connectionsEach: max,
  tookSeconds,
  matrix,
  mix,
  nobodyReads,
})
if (given.page !== undefined) {
  const link = (file: string): string =>
    `![reads per second over bare](${relative(dirname(given.page ?? ''), join(directory, file))})`
  fillIn(given.page, 'writes', [summary, ...plots.map(link)].join('\n\n'))
}
