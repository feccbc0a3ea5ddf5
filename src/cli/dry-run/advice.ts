import type { StatementReason } from '../../statement/statement.ts'
import { reasonInWords } from '../classify/reasons.ts'
import type { Cause } from './outcome.ts'

type RouteCause = Exclude<Cause, StatementReason>

const OF_ROUTES: Readonly<Record<RouteCause, string>> = {
  'in-reading-transaction': 'It reads in a transaction that only reads, and does not say so',
  'in-writing-transaction': 'It reads in a transaction that writes',
  'in-moved-transaction': 'It reads in a read-only transaction that had to leave its replica',
  pinned: 'It reads over a client whose connection holds state',
  setting: 'It reads under a setting that keeps reads on the primary',
  'hint-primary': 'A comment in it asks for the primary',
}

/** Changes that free statements, by cause. Causes without one belong on the primary. `$` stands for what decided. */
const FREED_BY: Partial<Readonly<Record<Cause, string>>> = {
  'in-reading-transaction':
    "Begin it READ ONLY (pool.transaction(fn, { readOnly: true })), or set the pool's option transactions: 'optimistic'",
  'in-writing-transaction': 'Read before BEGIN, or after COMMIT, what the transaction need not see as one',
  'in-moved-transaction': 'Take the statement that is no proven read out of the read-only transaction',
  pinned: 'Give LISTEN, advisory locks and temporary tables a client of their own',
  setting: 'RESET the setting, or make it by SET LOCAL in the transactions that need it',
  'hint-primary': 'Take the comment out where the read need not be on the primary',
  'function-volatile': 'If they only read, label them (ALTER FUNCTION … STABLE) or declare them readOnly: $',
  'function-unknown': 'Not in this database. Declare them readOnly if they only read: $',
  'function-external': 'If a replica may do the same, declare them readOnly: $',
  'catalog-pending': 'Only the database knows them, --server URL asks it: $',
  'relation-unlogged': 'ALTER TABLE … SET LOGGED: $',
  'relation-foreign': 'If a replica may read them as well, declare them readOnly: $',
  'relation-volatile': 'Label what these views and policies call, or declare them readOnly: $',
  'relation-unknown': 'Not in this database: $',
  'operator-volatile': 'Label the function of the operator: $',
  'type-volatile': 'Label the functions of the type: $',
  'row-lock': 'Leave FOR UPDATE and FOR SHARE out where nothing is written afterwards',
  call: 'Make it a function that is labelled STABLE, if it only reads: $',
  prepare: 'Prepare with { name, text } of node-postgres in place of PREPARE',
  execute: 'Prepare with { name, text } of node-postgres in place of PREPARE',
  unparseable: 'Look at the text: PostgreSQL would refuse it, or it is cut',
  'too-large': 'Raise maxSqlBytes, or send less: long IN lists as one array parameter',
  'non-standard-strings': 'Set standard_conforming_strings to on',
}

const MOST_NAMED = 8

/** Says in a sentence why statements stay. */
export function whyTheyStay(cause: Cause): string {
  return isOfRoute(cause) ? OF_ROUTES[cause] : reasonInWords({ reason: cause })
}

function isOfRoute(cause: Cause): cause is RouteCause {
  return Object.hasOwn(OF_ROUTES, cause)
}

/** Says what would free them; absent where they belong on the primary. */
export function freedBy(cause: Cause, offenders: readonly string[]): string | undefined {
  const advice = FREED_BY[cause]
  if (advice === undefined) return undefined
  const names = offenders.slice(0, MOST_NAMED).join(', ') + (offenders.length > MOST_NAMED ? ' …' : '')
  return names === '' ? advice.replace(/: \$$/, '') : advice.replace('$', () => names)
}
