import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { writeResult } from '../support/environment.ts'
import { measureBalancers } from './balancers.ts'
import { measureConsistency } from './consistency.ts'
import { prepareGround } from './ground.ts'
import { plotBalancers, plotConsistency } from './plots.ts'

/** Every balancer in every trouble, and every promise at every lag. Arrivals do not wait for answers. */
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rate: { type: 'string', default: '400' },
    seed: { type: 'string', default: '1' },
    scenarios: { type: 'string' },
    lags: { type: 'string' },
    only: { type: 'string', default: 'balancers,consistency' },
    out: { type: 'string', default: 'bench/results/policies.json' },
  },
})
const seconds = Number(options.seconds)
const perSecond = Number(options.rate)
const seed = Number(options.seed)
const measure = {
  seed,
  seconds,
  perSecond,
  told: (line: string) => console.log(line),
  scenarios: options.scenarios?.split(','),
  lagsMs: options.lags?.split(',').map(Number),
}
const parts = new Set(options.only.split(','))

await using ground = await prepareGround(3)
const balancers = parts.has('balancers') ? await measureBalancers(ground, measure) : []
const consistency = parts.has('consistency') ? await measureConsistency(ground, measure) : []

/** The criterion for the default: the p99 beside a slow replica over the p99 without that replica. */
const p99Of = (scenario: string): number =>
  balancers.find((each) => each.scenario === scenario && each.balancer === 'peak EWMA')?.p99Ms ?? Number.NaN
const slowOverWithout = Number((p99Of('one 10x slower') / p99Of('without it')).toFixed(3))
if (balancers.length > 0) {
  console.log(`peak EWMA, p99 beside a replica 10x slower over p99 without it: ${slowOverWithout}`)
  plotBalancers(dirname(options.out), balancers)
}
if (consistency.length > 0) plotConsistency(dirname(options.out), consistency)
writeResult(options.out, {
  bench: 'policies',
  seed,
  seconds,
  perSecond,
  slowOverWithout,
  balancers,
  consistency,
})
