import { parseArgs } from 'node:util'
import { TokenGround } from './tokens-run.ts'

/**
 * One process writes, another one reads with the token that it got: over replicas that are 20 and 50 ms behind, no read may be
 * older than the write. Then the same without the tokens, where reads must be.
 */
const { values: options } = parseArgs({
  options: {
    'round-trips': { type: 'string', default: '10000' },
    callers: { type: 'string', default: '32' },
  },
})
const callers = Number(options.callers)
const roundTrips = Number(options['round-trips'])

await using ground = await TokenGround.open()
await ground.lag(20, 50)
const passed = await ground.run({ roundTrips, callers, passesToken: true })
// Long enough for the slowest machine to read too early.
await ground.lag(1000, 1000)
const dropped = await ground.run({ roundTrips: Math.ceil(roundTrips / 10), callers, passesToken: false })
console.log(JSON.stringify({ passed, dropped }, null, 2))
const proves = passed.staleReads === 0 && passed.writesWithoutToken === 0 && dropped.staleReads > 0
if (!proves) process.exitCode = 1
