import type { Guard } from '../guard.ts'

const WRITER = 'src/execution/writer.ts'
const WRITER_TEST = [{ file: 'src/execution/writer.test.ts' }]
const BREAKER = 'src/execution/breaker.ts'
const BREAKER_TEST = [{ file: 'src/execution/breaker.test.ts' }]

/** Guards of retries, failures, the breaker, and of answers that do not count. */
export const EXECUTION: readonly Guard[] = [
  {
    name: 'write-sent-once',
    without: 'A write whose connection was lost is sent again, and may happen twice.',
    file: WRITER,
    find: 'if (wasSent && !isRefused) {',
    replace: 'if (false) {',
    tests: WRITER_TEST,
  },
  {
    name: 'write-refused-once',
    without: 'A write that two servers refused as standbys is sent a third time.',
    file: WRITER,
    find: '(isRefused && !this.#wasRefused)',
    replace: 'isRefused',
    tests: WRITER_TEST,
  },
  {
    name: 'refused-by-a-standby',
    without: 'A write that a primary refused is sent again as if a standby had refused it.',
    file: 'src/execution/write-attempt.ts',
    find: `isStandby ? 'standby-refusal' : 'statement'`,
    replace: `'standby-refusal'`,
    tests: [{ file: 'src/execution/attempts.test.ts' }],
  },
  {
    name: 'outcome-unknown',
    without: 'The error of a write that may have happened says that it did not.',
    file: WRITER,
    find: `withOutcome(error, 'unknown')`,
    replace: `withOutcome(error, 'not-sent')`,
    tests: WRITER_TEST,
  },
  {
    name: 'raised-by-the-user',
    without: 'An error that PL/pgSQL raised on purpose is taken for a refusal, and its statement runs again.',
    file: 'src/execution/failure.ts',
    find: `if (routine === RAISED_BY_USER) return 'statement'`,
    replace: '',
    tests: [{ file: 'src/execution/failure.test.ts' }],
  },
  {
    name: 'refusal-by-routine',
    without: 'Each "feature not supported" counts as the refusal of a standby.',
    file: 'src/execution/failure.ts',
    find: 'routine !== undefined && routines.has(routine)',
    replace: 'true',
    tests: [{ file: 'src/execution/failure.test.ts' }],
  },
  {
    name: 'error-of-a-late-replica',
    without: 'A replica that lacks a new column answers with an error that bare `pg` does not give.',
    file: 'src/execution/second-opinion.ts',
    find: 'position !== undefined && hasReplayed(node, position)',
    replace: 'position !== undefined',
    tests: [{ file: 'src/execution/second-opinion.test.ts' }],
  },
  {
    name: 'unproven-on-the-primary',
    without: 'A read on the primary misses what its session has seen on a replica.',
    file: 'src/execution/if-shown.ts',
    find: 'return isProven ? undefined : { result: UNPROVEN }',
    replace: 'return undefined',
    tests: [{ file: 'src/execution/if-shown.test.ts' }],
  },
  {
    name: 'unfit-server',
    without: 'A read through a shared address gets the answer of a server that must not serve it.',
    file: 'src/execution/proven-read.ts',
    find: `if (is === 'fit') return undefined`,
    replace: 'return undefined',
    tests: [{ file: 'src/execution/proven-read.test.ts' }],
  },
  {
    name: 'retry-budget',
    without: 'In an outage each read is retried without a limit, which makes it worse.',
    file: 'src/execution/retry-budget.ts',
    find: 'if (this.#saved < 1) return false',
    replace: 'if (this.#saved < -5000) return false',
    tests: [{ file: 'src/execution/retry-budget.test.ts' }],
  },
  {
    name: 'breaker-ejects',
    without: 'A node that fails every read goes on getting reads.',
    file: BREAKER,
    find: `if (breaker.name === 'open' && nowMs < breaker.untilMs) return 'ejected'`,
    replace: '',
    tests: BREAKER_TEST,
  },
  {
    name: 'breaker-half-open',
    without: 'All callers return to a node at once when its ejection ends.',
    file: BREAKER,
    find: `return inFlight < permits ? 'admitted' : 'recovering'`,
    replace: `return 'admitted'`,
    tests: BREAKER_TEST,
  },
  {
    name: 'read-timeout',
    without: 'A read waits for ever for a node that does not answer.',
    file: 'src/execution/attempts.ts',
    find: 'if (timeoutMs !== undefined) attempt.endsAfter(timeoutMs)',
    replace: '',
    tests: [{ file: 'src/execution/attempts.test.ts' }],
  },
  {
    name: 'tier-full',
    without: 'Reads of a tier that has no permit left go to the primary.',
    file: 'src/execution/reader.ts',
    find: 'if (!isNext) return this.#done(walk, error)',
    replace: '',
    tests: [{ file: 'test/tiers/tiers.test.ts', name: 'the primary does not pay for it' }],
  },
]
