import type { IsolationLevel, TransactionModes } from '../statement.ts'
import { constantOf, listAt, textAt, unwrap, type TreeValue } from '../tree.ts'
import { transaction, type Verdict } from '../verdict.ts'
import type { StatementRule, StatementRules } from '../walk.ts'

const isolationLevels: ReadonlySet<string> = new Set<IsolationLevel>([
  'read uncommitted',
  'read committed',
  'repeatable read',
  'serializable',
])

function isIsolationLevel(text: string): text is IsolationLevel {
  return isolationLevels.has(text)
}

/** PostgreSQL takes any unambiguous beginning of these words, in any case. */
export function booleanOf(text: string): boolean | undefined {
  const word = text.toLowerCase()
  if (word === '1' || word === 'on' || (word !== '' && ('true'.startsWith(word) || 'yes'.startsWith(word)))) {
    return true
  }
  if (word === '0') return false
  const isFalse =
    'false'.startsWith(word) || 'no'.startsWith(word) || (word.length > 1 && 'off'.startsWith(word))
  return word !== '' && isFalse ? false : undefined
}

/** The mode that giving one of the transaction's settings a value asks for. */
export function modeOf(setting: string, value: TreeValue | undefined): TransactionModes {
  const text = constantOf(value)?.toLowerCase()
  if (text === undefined) return {}
  if (setting === 'transaction_isolation') return isIsolationLevel(text) ? { isolation: text } : {}
  const flag = booleanOf(text)
  if (flag === undefined) return {}
  if (setting === 'transaction_read_only') return { accessMode: flag ? 'read only' : 'read write' }
  return setting === 'transaction_deferrable' ? { deferrable: flag } : {}
}

/** The modes in a list such as `ISOLATION LEVEL SERIALIZABLE, READ ONLY`. The last of a kind wins. */
export function modesOf(items: readonly TreeValue[]): TransactionModes {
  const modes = items.map((item) => {
    const element = unwrap(item, 'DefElem')
    return element === undefined ? {} : modeOf(textAt(element, 'defname'), element['arg'])
  })
  return Object.assign({}, ...modes) as TransactionModes
}

/** A chained COMMIT or ROLLBACK opens the next transaction; so does BEGIN. */
const verdicts: Readonly<Record<string, Verdict>> = {
  TRANS_STMT_COMMIT: transaction('commit', { mayWrite: true }),
  TRANS_STMT_ROLLBACK: transaction('rollback', { mayWrite: false }),
  TRANS_STMT_SAVEPOINT: transaction('savepoint', { mayWrite: false }),
  TRANS_STMT_RELEASE: transaction('savepoint', { mayWrite: false }),
  TRANS_STMT_ROLLBACK_TO: transaction('savepoint', { mayWrite: false }),
  TRANS_STMT_PREPARE: transaction('two-phase', { mayWrite: true }),
  TRANS_STMT_COMMIT_PREPARED: transaction('two-phase', { mayWrite: true }),
  TRANS_STMT_ROLLBACK_PREPARED: transaction('two-phase', { mayWrite: true }),
}

const transactionStatement: StatementRule = (node) => {
  const verdict = verdicts[textAt(node, 'kind')]
  if (verdict !== undefined) return verdict
  return transaction('begin', { mayWrite: false, modes: modesOf(listAt(node, 'options')) })
}

export const transactionStatements: StatementRules = { TransactionStmt: transactionStatement }
