import type { Statement, StatementReason } from '../../statement/statement.ts'
import { printable } from './glyphs.ts'

/** Sentences by reason. `$` stands for the piece that decided. */
const sentences: Readonly<Record<StatementReason, string>> = {
  select: 'It reads, and nothing in it has to be on the primary',
  explain: 'It shows a plan, and changes nothing',
  'copy-to': 'It copies what it reads to the client, and changes nothing',
  empty: 'It holds no statement',

  'data-modifying': '$ changes data',
  'data-modifying-cte': '$ in a WITH clause changes data',
  'row-lock': '$ locks rows, which only the primary can do',
  'select-into': '$ creates a table',
  ddl: 'It defines, changes or drops an object of the database',
  'copy-from': '$ loads data',
  'copy-program': '$ runs a program on the server',
  'copy-to-file': '$ writes a file on the server',
  call: '$ runs a procedure, which may do anything',
  do: '$ runs a block of code, which may do anything',
  'lock-table': '$ locks a table, which only the primary can do for all nodes',
  maintenance: '$ is maintenance, which the primary does for all nodes',
  notify: '$ notifies listeners, which are on the primary',
  'server-command': '$ is a command to the server itself',
  'unknown-statement': 'No rule covers this kind of statement',

  'function-writes': '$ changes data, or is refused by a standby',
  'function-volatile': '$ is labelled VOLATILE, so it may do anything',
  'function-node-local': '$ answers for the server that it runs on',
  'function-external': '$ has effects outside of the database',
  'function-unknown': '$ is not a function that the database knows, so it may do anything',
  'relation-unlogged': '$ is unlogged: its rows do not reach a standby',
  'relation-foreign': '$ is a foreign table: reading it runs code for another server',
  'relation-temporary': '$ is temporary: it belongs to its connection',
  'relation-node-local': '$ answers for the server that it is read on',
  'relation-volatile': '$ reaches something that is not harmless, through a view, a policy or an expression',
  'relation-sequence': '$ is a sequence: a standby shows another state of it than the primary',
  'relation-unknown': '$ is not a relation that the database knows',
  'operator-volatile': '$ is an operator whose function may do anything',
  'type-volatile': '$ is a type whose functions may do anything',
  'declared-primary-only': '$ was declared to belong to the primary',
  'catalog-pending': '$ is not one of the system’s own, so it is not known what it does',
  'refused-by-standby':
    'It looks like a read, but a standby refused one of its kind, and the primary did not',

  unparseable: 'It cannot be parsed, so it may be anything',
  'too-large': 'It is too large to be parsed, so it may be anything',
  'too-deep': 'It is nested too deeply to be parsed, so it may be anything',
  'non-standard-strings': 'The server reads backslashes in strings its own way, so nothing is certain',
  'parser-loading': 'It was the first statement of its pool, and ran before the parser was loaded',

  begin: 'It opens a transaction',
  commit: 'It ends a transaction',
  rollback: 'It ends a transaction, and undoes what it did',
  savepoint: 'It sets, releases or goes back to a savepoint',
  'set-transaction': 'It sets the modes of a transaction',
  'two-phase': 'It is a step of a two-phase commit',

  set: 'It makes a setting for its connection',
  show: 'It shows a setting of its connection',
  load: 'It loads a library into its connection',
  prepare: 'It prepares a statement on its connection',
  execute: 'It runs a statement that was prepared on its connection',
  deallocate: 'It drops a statement that was prepared on its connection',
  discard: 'It drops state of its connection',
  cursor: 'It works on a cursor of its connection',
  listen: 'It starts or stops listening on its connection',
  'function-session': '$ reads or leaves state of its connection',
  'function-setting': '$ reads a setting, or makes one for its transaction',
  constraints: 'It sets when constraints are checked on its connection',
}

/** Returns the reason of a classification as a sentence without a period. */
export function reasonInWords({ reason, offender }: Pick<Statement, 'reason' | 'offender'>): string {
  return sentences[reason].replace('$', () => (offender === undefined ? 'It' : printable(offender.text)))
}
