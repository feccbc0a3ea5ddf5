import type { Guard } from '../guard.ts'

const OPTIMISTIC = 'test/client/optimistic-transactions.test.ts'
const MOVED = 'test/client/moved-transactions.test.ts'
const LEFT = 'test/failover/left-behind.test.ts'
const LOG = 'src/client/transaction-log.ts'

/** Guards of clients: the pin of a transaction, moves, the comparison of optimistic reads. */
export const CLIENTS: readonly Guard[] = [
  {
    name: 'given-back-once',
    without: 'A client is handed to two callers after a cursor was left open over it.',
    file: 'src/client/virtual-connection.ts',
    find: `if (this.#state === 'returned') return`,
    replace: '',
    tests: [{ file: 'test/pool/nothing-left.test.ts' }],
  },
  {
    name: 'transaction-pin',
    without: 'A read within a transaction runs on a replica, outside of the transaction.',
    file: 'src/client/primary-hold.ts',
    find: 'if (!this.isBound) return false',
    replace: 'return false',
    tests: [{ file: 'test/pool/transactions.test.ts', name: 'while the client is bound to it' }],
  },
  {
    name: 'fenced-in-transaction',
    without: 'A transaction goes on by itself on another server when its own is fenced.',
    file: 'src/client/primary-hold.ts',
    find: 'if (this.isBound) return done(fencedError(',
    replace: 'if (false) return done(fencedError(',
    tests: [{ file: 'test/pool/topology.test.ts', name: 'is never written to again' }],
  },
  {
    name: 'fenced-connection',
    without: 'A client that holds a connection to an old primary goes on writing there.',
    file: 'src/client/primary-hold.ts',
    find: ': !isFenced(this.router.cluster.snapshot, node)',
    replace: ': true',
    tests: [{ file: LEFT, name: 'is not written to by who holds a connection' }],
  },
  {
    name: 'followers-of-begin',
    without: 'Statements that were queued behind a BEGIN or a SET run without it when that is lost.',
    file: 'src/client/primary-hold.ts',
    find: 'this.#holder.failFollowers(error)',
    replace: '',
    tests: [{ file: 'src/client/lost-statements.test.ts' }],
  },
  {
    name: 'outcome-of-a-commit',
    without: 'A COMMIT whose answer was lost is reported as rolled back.',
    file: 'src/client/primary-statement.ts',
    find: `(multiple || reason === 'commit' || reason === 'two-phase')`,
    replace: 'false',
    tests: [{ file: 'src/client/lost-statements.test.ts' }],
  },
  {
    name: 'optimistic-compared',
    without: 'An optimistic transaction writes on the ground of rows that were outdated.',
    file: 'src/client/move-to-primary.ts',
    find: 'if (isAnswered && isSame(entry, error, answer)) return this.#repeat(index + 1)',
    replace: 'if (isAnswered) return this.#repeat(index + 1)',
    tests: [{ file: OPTIMISTIC, name: '40001 where what it has read has changed' }],
  },
  {
    name: 'optimistic-compares-reads',
    without: 'An optimistic transaction compares none of the reads that it has shown.',
    file: LOG,
    find: `return this.kind === 'optimistic' || this.#modes.isolation === 'repeatable read'`,
    replace: `return this.#modes.isolation === 'repeatable read'`,
    tests: [{ file: OPTIMISTIC, name: '40001 where what it has read has changed' }],
  },
  {
    name: 'optimistic-query-objects',
    without: 'A transaction moves although it has shown rows that cannot be compared.',
    file: LOG,
    find: `this.#blocked('a query object has shown rows that cannot be compared')`,
    replace: '',
    tests: [{ file: MOVED, name: 'stays where that cannot be compared' }],
  },
  {
    name: 'move-writes-on-replica',
    without: 'A statement of a read-only transaction that is not proven runs on the replica.',
    file: 'src/client/replica-transaction.ts',
    find: `if (!runsOnStandby(statement, text, values, log.kind === 'read-only')) return 'statement'`,
    replace: '',
    tests: [{ file: MOVED, name: 'stays there until its end' }],
  },
  {
    name: 'move-shows-own-writes',
    without: 'A transaction on a replica does not show what its session has written meanwhile.',
    file: 'src/client/replica-transaction.ts',
    find: 'return lastWriteAtMs !== undefined && lastWriteAtMs > sinceMs',
    replace: 'return false',
    tests: [{ file: 'src/client/own-writes.test.ts' }],
  },
  {
    name: 'move-monotonic',
    without: 'A transaction that moves to the primary shows less than it has shown on its replica.',
    file: 'src/client/move-to-primary.ts',
    find: 'if (shown === undefined) return this.#leave()',
    replace: 'return this.#leave()',
    tests: [{ file: MOVED, name: 'shows nothing older than before' }],
  },
  {
    name: 'move-failed',
    without: 'After a move that has failed, statements run outside of their transaction.',
    file: 'src/client/move-to-primary.ts',
    find: `this.#runOwn('begin', this.#options.move.log.beginText, () => this.#runOwn('savepoint', FAILING, () => this.#end(error)), )`,
    replace: 'this.#end(error)',
    tests: [{ file: MOVED, name: 'and a failed transaction until its end' }],
  },
]
