import type { IsolationLevel, TransactionModes } from '../statement.ts'
import { leaving, session, transaction, unknown, write, type Verdict } from '../verdict.ts'
import type { Token } from './pieces.ts'

/** Classifies a statement that is not a query by its first words. More cautious than a grammar needs to be. */
export function plainVerdict(tokens: readonly Token[]): Verdict {
  const words = tokens.map(({ kind, text }) => (kind === 'word' ? text : ''))
  const [first = ''] = words
  return Object.hasOwn(verdicts, first)
    ? (verdicts[first]?.(words) ?? unknown('unknown-statement'))
    : other(first)
}

function other(word: string): Verdict {
  return unknown('unknown-statement', word === '' ? undefined : { text: word.toUpperCase() })
}

type Words = readonly string[]

const dataModifying = (words: Words): Verdict =>
  write('data-modifying', { text: words[0]?.toUpperCase() ?? '' })
/** To update the view of the settings is to make them, for the session. */
const update = (words: Words): Verdict =>
  words.includes('pg_settings') ? leaving(dataModifying(words), 'setting') : dataModifying(words)
const maintenance = (words: Words): Verdict => write('maintenance', { text: words[0]?.toUpperCase() ?? '' })
const definition = (): Verdict => write('ddl')
const begin = (words: Words): Verdict => transaction('begin', { mayWrite: false, modes: modesOf(words) })
const cursor = (): Verdict => session('cursor', { leaves: true, mayWrite: true })

function creation(words: Words): Verdict {
  const isTemporary = words.some(
    (word) => word === 'temp' || word === 'temporary' || word.startsWith('pg_temp'),
  )
  return isTemporary ? leaving(write('ddl'), 'temporary-object') : write('ddl')
}

function commit(words: Words): Verdict {
  return transaction(words[1] === 'prepared' ? 'two-phase' : 'commit', { mayWrite: true })
}

function rollback(words: Words): Verdict {
  if (words[1] === 'prepared') return transaction('two-phase', { mayWrite: true })
  return transaction(words.includes('to') ? 'savepoint' : 'rollback', { mayWrite: false })
}

function set(words: Words): Verdict {
  const [, second = '', third = ''] = words
  const isScoped =
    second === 'local' || (second === 'session' && third !== 'authorization' && third !== 'characteristics')
  const name = isScoped ? third : second
  if (name.startsWith('transaction')) {
    return transaction('set-transaction', {
      mayWrite: false,
      modes: name === 'transaction' ? modesOf(words) : {},
    })
  }
  if (second === 'constraints') return session('constraints', { leaves: false, mayWrite: true })
  return session('set', { leaves: second !== 'local' })
}

function prepare(words: Words): Verdict {
  return words[1] === 'transaction'
    ? transaction('two-phase', { mayWrite: true })
    : session('prepare', { leaves: true, mayWrite: true })
}

const verdicts: Readonly<Record<string, (words: Words) => Verdict>> = {
  insert: dataModifying,
  update,
  delete: dataModifying,
  merge: dataModifying,
  truncate: dataModifying,
  create: creation,
  alter: definition,
  drop: definition,
  comment: definition,
  grant: definition,
  revoke: definition,
  vacuum: maintenance,
  reindex: maintenance,
  cluster: maintenance,
  refresh: maintenance,
  begin,
  start: begin,
  commit,
  end: commit,
  rollback,
  abort: rollback,
  savepoint: () => transaction('savepoint', { mayWrite: false }),
  release: () => transaction('savepoint', { mayWrite: false }),
  set,
  reset: () => session('set', { leaves: true }),
  show: () => session('show', { leaves: false }),
  prepare,
  execute: () => session('execute', { leaves: true, mayWrite: true }),
  deallocate: () => session('deallocate', { leaves: false }),
  declare: cursor,
  fetch: cursor,
  move: cursor,
  close: () => session('cursor', { leaves: false }),
  listen: () => session('listen', { leaves: true }),
  unlisten: () => session('listen', { leaves: false }),
  notify: () => write('notify', { text: 'NOTIFY' }),
  lock: () => write('lock-table', { text: 'LOCK' }),
  discard: () => session('discard', { leaves: false }),
  load: () => session('load', { leaves: true }),
  checkpoint: () => write('server-command', { text: 'CHECKPOINT' }),
  call: () => unknown('call', { text: 'CALL' }),
  do: () => unknown('do', { text: 'DO' }),
}

const isolationLevels: readonly IsolationLevel[] = [
  'read uncommitted',
  'read committed',
  'repeatable read',
  'serializable',
]

function modesOf(words: Words): TransactionModes {
  const text = words.join(' ')
  const isolation = isolationLevels.find((level) => text.includes(`isolation level ${level}`))
  // The last one wins.
  const access = Math.max(text.lastIndexOf('read only'), text.lastIndexOf('read write'))
  const deferrable = text.lastIndexOf('deferrable')
  return {
    ...(isolation && { isolation }),
    ...(access !== -1 && { accessMode: text.startsWith('read only', access) ? 'read only' : 'read write' }),
    ...(deferrable !== -1 && { deferrable: !text.slice(0, deferrable).endsWith('not ') }),
  }
}
