import { parseArgs } from 'node:util'
import { runPromotion } from './promotion-run.ts'

/**
 * Promotions under load: once because the primary was killed, and once there and back. Fails when an acknowledged write is
 * not there exactly once, when a read fails, or when writes take a second to find the new primary.
 */
const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    callers: { type: 'string', default: '32' },
    'quiet-ms': { type: 'string', default: '4000' },
  },
})

for (let run = 0; run < Number(options.runs); run++) {
  for (const manner of ['crash', 'switchover'] as const) {
    const figures = await runPromotion({
      manner,
      callers: Number(options.callers),
      quietMs: Number(options['quiet-ms']),
    })
    console.log(figures)
    const { lost, doubled, denied, strange, failedReads, staleReads, takeovers } = figures
    const isWrong = lost + doubled + denied + strange + failedReads + staleReads > 0
    const isSlow = takeovers.some(({ acceptedToAcknowledgedMs }) => acceptedToAcknowledgedMs >= 1_000)
    if (isWrong || isSlow) process.exitCode = 1
  }
}
