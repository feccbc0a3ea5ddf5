import { parseArgs } from 'node:util'
import { runStall } from './stall-run.ts'

/**
 * A replica to which the way stalls, under 32 readers. Fails when a read fails, when a caller is held up for `readTimeoutMs`
 * more than once, or when a read takes much longer than that.
 */
const { values: options } = parseArgs({
  options: {
    callers: { type: 'string', default: '32' },
    'read-timeout-ms': { type: 'string', default: '1000' },
    'quiet-ms': { type: 'string', default: '5000' },
  },
})

const figures = await runStall({
  callers: Number(options.callers),
  readTimeoutMs: Number(options['read-timeout-ms']),
  quietMs: Number(options['quiet-ms']),
})
console.log(figures)
const { failed, delayedPerCaller, maxMs, readTimeoutMs } = figures
if (failed > 0 || delayedPerCaller > 1 || maxMs > readTimeoutMs + 500) process.exitCode = 1
