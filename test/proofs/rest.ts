import { parseArgs } from 'node:util'
import { runRest } from './rest-run.ts'

/**
 * Pools that nobody has used for a minute, with the default options and never ended. Fails when any server still has a
 * connection of theirs then, or runs a statement for them in the minute that follows.
 */
const { values: options } = parseArgs({
  options: {
    'after-ms': { type: 'string', default: '60000' },
    'window-ms': { type: 'string', default: '60000' },
  },
})

const { used, resting } = await runRest({
  afterMs: Number(options['after-ms']),
  windowMs: Number(options['window-ms']),
})
console.log('in use')
console.table(used)
console.log(`${options['after-ms']} ms after the last use, for ${options['window-ms']} ms`)
console.table(resting)
if (resting.some(({ connections, statements, transactions }) => connections + statements + transactions > 0))
  process.exitCode = 1
