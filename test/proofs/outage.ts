import { parseArgs } from 'node:util'
import { runOutage } from './outage-run.ts'

/**
 * A primary that is gone for a minute, under readers and writers. Fails when a read of somebody who does not write fails,
 * when a write is refused without saying clearly why, or when writes are not taken again.
 */
const { values: options } = parseArgs({
  options: {
    callers: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '60' },
    'failover-timeout-ms': { type: 'string', default: '10000' },
  },
})

const figures = await runOutage({
  callers: Number(options.callers),
  outageMs: Number(options.seconds) * 1000,
  failoverTimeoutMs: Number(options['failover-timeout-ms']),
})
console.log(figures)
const { failedReads, readsWithoutPrimary, refused, writesAgainAfterMs } = figures
const isClear = (text: string): boolean => /SWITCHYARD_NO_PRIMARY not-sent|unknown$/.test(text)
const isWell = failedReads === 0 && readsWithoutPrimary > 0 && writesAgainAfterMs < 1000
if (!isWell || !Object.keys(refused).every(isClear)) process.exitCode = 1
