import { countersAloneSql } from '../../src/catalog/signal.ts'
import { committedAmong, UNFINISHED } from '../../src/monitoring/unshown.ts'
import { IN_PROGRESS_SQL } from '../../src/topology/in-progress.ts'
import { formatLsn } from '../../src/topology/lsn.ts'
import { PROBE_SQL, UNFLUSHED_PROBE_SQL } from '../../src/topology/probe.ts'
import { PROGRESS_SQL, UNFLUSHED_PROGRESS_SQL } from '../../src/topology/progress.ts'
import { catalogRows } from './catalog.ts'
import { TEXT } from './statements.ts'
import type { Server } from './server.ts'
import type { Answer, Column } from '../support/wire.ts'

/** What a question of the library is answered with on one server. */
export interface Question {
  readonly columns: readonly Column[] | undefined
  readonly answer: (server: Server, processID: number, values: readonly (string | null)[]) => Answer
}

type Row = readonly (string | null)[]

const SYSTEM = '7312345678901234567'

const questions = new Map<string, Question>([
  [PROBE_SQL, row(10, (server, pid) => probe(server, pid))],
  [UNFLUSHED_PROBE_SQL, row(11, (server, pid) => [...probe(server, pid), inserted(server)])],
  [PROGRESS_SQL, row(7, (server, pid) => progress(server, pid))],
  [UNFLUSHED_PROGRESS_SQL, row(8, (server, pid) => [...progress(server, pid), inserted(server)])],
  [IN_PROGRESS_SQL, row(5, (server) => inProgress(server))],
  [UNFINISHED.text, row(3, (server) => unfinished(server))],
  [committedAmong([]).text, row(1, (server, _pid, values) => [committed(server, values[0] ?? '')])],
  [
    'select pg_catalog.pg_backend_pid(), pg_catalog.pg_last_wal_replay_lsn()::pg_catalog.text',
    row(2, (server, pid) => [String(pid), server.isStandby ? formatLsn(server.replayedLsn) : null]),
  ],
  ['select pg_catalog.pg_is_in_recovery()::pg_catalog.text', row(1, (server) => [String(server.isStandby)])],
  ['show transaction_isolation', row(1, () => ['read committed'])],
  [countersAloneSql, row(1, () => ['1'])],
])

/** Settings that the library reads on new connections. */
const SETTINGS: Readonly<Record<string, (server: Server) => string>> = {
  search_path: () => '"$user", public',
  in_hot_standby: (server) => (server.isStandby ? 'on' : 'off'),
  synchronous_commit: (server) => (server.cluster.isSynchronous ? 'remote_apply' : 'on'),
}

/** Returns how a text of the library is answered; `undefined` for one that is not its own. */
export function questionOf(text: string): Question | undefined {
  return questions.get(text) ?? settingsQuestion(text) ?? catalogQuestion(text)
}

function settingsQuestion(text: string): Question | undefined {
  if (!text.startsWith('SELECT pg_catalog.current_setting(')) return undefined
  const names = [...text.matchAll(/current_setting\(\s*E?'([^']+)'/g)].map(([, name]) => name ?? '')
  const unknown = names.find((name) => SETTINGS[name] === undefined)
  if (unknown !== undefined) throw new Error(`The simulated server does not know the setting ${unknown}`)
  return row(names.length, (server) => names.map((name) => SETTINGS[name]?.(server) ?? null))
}

function catalogQuestion(text: string): Question | undefined {
  if (!text.startsWith("\nSET LOCAL transaction_isolation = 'read committed'")) return undefined
  if (text.includes('WITH RECURSIVE decided')) {
    const names = ['object', 'schema', 'verdict', 'names'] as const
    return {
      columns: names.map(named),
      answer: () => ({
        command: 'SELECT',
        rows: catalogRows.map((each) => names.map((name) => each[name])),
      }),
    }
  }
  if (text.includes('WITH RECURSIVE touched')) {
    return {
      columns: ['object', 'schema', 'name', 'change'].map(named),
      answer: () => ({ command: 'SELECT 0' }),
    }
  }
  return {
    columns: ['counters', 'digest'].map(named),
    answer: () => ({ command: 'SELECT 1', rows: [['1', 'digest']] }),
  }
}

function row(columns: number, answer: (server: Server, pid: number, values: Row) => Row): Question {
  return {
    columns: Array.from({ length: columns }, (_, index) => named(`c${index}`)),
    answer: (server, pid, values) => ({ command: 'SELECT 1', rows: [answer(server, pid, values)] }),
  }
}

function named(name: string): Column {
  return { name, type: TEXT }
}

function position(server: Server): string {
  return formatLsn(server.isStandby ? server.replayedLsn : server.flushedLsn)
}

function inserted(server: Server): string | null {
  return server.isStandby ? null : formatLsn(server.insertedLsn)
}

function received(server: Server): string | null {
  return server.isStreaming ? formatLsn(server.flushedLsn) : null
}

function probe(server: Server, pid: number): Row {
  const { isStandby, timeline } = server
  return [
    isStandby ? 'replica' : 'primary',
    SYSTEM,
    server.identity,
    isStandby ? 'replayed' : 'flushed',
    position(server),
    isStandby ? String(timeline) : timeline.toString(16).padStart(8, '0'),
    received(server),
    isStandby ? null : server.cluster.isSynchronous ? 'off waits' : 'off',
    'shop app',
    String(pid),
  ]
}

function progress(server: Server, pid: number): Row {
  const role = server.isStandby ? 'replica' : 'primary'
  const followed = server.isStreaming ? String(server.timeline) : null
  return [role, position(server), null, server.identity, received(server), String(pid), followed]
}

function inProgress(server: Server): Row {
  const { nextXid, transactions, xmax } = server
  const within = [...transactions.keys()].filter((xid) => xid < xmax).toSorted((a, b) => (a < b ? -1 : 1))
  return [
    server.isStandby ? 'replica' : 'primary',
    within.length === 0 ? null : within.join(' '),
    String(xmax),
    String(nextXid - xmax),
    server.identity,
  ]
}

/** Backends that are idle in a transaction are left out. */
function unfinished(server: Server): Row {
  const nowMs = server.cluster.time.nowMs
  const running = [...server.backends].flatMap((backend) => {
    const { busySinceMs, xid, isWaitingForReplicas } = backend
    if (xid === undefined || busySinceMs === undefined) return []
    return [`${xid},${isWaitingForReplicas ? 1 : 0},${Math.ceil(nowMs - busySinceMs)}`]
  })
  return [
    server.isStandby ? 'replica' : 'primary',
    String(server.xmax),
    running.length === 0 ? null : running.join(' '),
  ]
}

function committed(server: Server, list: string): string | null {
  const wanted = new Set(list.replace(/[{}]/g, '').split(','))
  const found: string[] = []
  for (let index = 0; index < server.visible; index++) {
    const xid = server.wal[index]?.xid
    if (xid !== undefined && wanted.has(String(xid))) found.push(String(xid))
  }
  return found.length === 0 ? null : found.join(' ')
}
