import { parseArgs } from 'node:util'
import { FATES, frozenGround, isWhole, runFrozen } from './frozen-run.ts'

/**
 * Processes that are frozen for half a minute while servers close their connections, or the network loses them. Fails
 * when a statement fails or hangs after the thaw, when a write is missing, or when one was done twice.
 */
const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } })

await using cluster = await frozenGround()
const frozenMs = Number(options.seconds) * 1000
const thaws = await Promise.all(FATES.map((fate) => runFrozen(cluster, { fate, frozenMs })))
for (const { acknowledged, errors, fate, longestMs, rows } of thaws) {
  console.log({
    fate,
    longestMs: Math.round(longestMs),
    writes: acknowledged.length,
    rows: rows.length,
    errors,
  })
}
if (!thaws.every(isWhole)) process.exitCode = 1
