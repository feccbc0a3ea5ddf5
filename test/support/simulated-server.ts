import { countersAloneSql } from '../../src/catalog/signal.ts'
import { PROBE_SQL, UNFLUSHED_PROBE_SQL } from '../../src/topology/probe.ts'
import { PROGRESS_SQL, UNFLUSHED_PROGRESS_SQL } from '../../src/topology/progress.ts'
import { formatLsn } from '../../src/topology/lsn.ts'
import { IN_PROGRESS_SQL } from '../../src/topology/in-progress.ts'
import { committedAmong, UNFINISHED } from '../../src/monitoring/unshown.ts'
import { SimulatedCatalog } from './simulated-catalog.ts'
import type { Answer, Backend, SimulatedSocket } from './simulated-socket.ts'
import type { ServerError } from './wire.ts'

/** Statements that a standby refuses. */
const WRITES =
  /^\s*(?:insert|update|delete|create|alter|drop|truncate|vacuum|notify|lock)\b|\bnextval\(|\btouch_user\(/i
const DDL = /^\s*(?:create|alter|drop)\b/i
const BEGINS = /^\s*(?:begin|start transaction)\b/i
const ENDS = /^\s*(?:commit|end|rollback(?! to))\b/i

const REFUSAL: ServerError = {
  code: '25006',
  message: 'cannot execute this in a read-only transaction',
  routine: 'PreventCommandIfReadOnly',
}
const ABORTED: ServerError = { code: '25P02', message: 'current transaction is aborted' }

const LIFTED_LIMITS = /^(?:set local \w+ = 0; )+/
const COMMITTED = committedAmong([]).text
const WAL_OF_A_WRITE = 0x100n

/** How a server takes connections and questions. */
export type Manner = 'answers' | 'is silent' | ServerError

/** A PostgreSQL server, as far as a router can tell: a primary, or a standby that replays what the primary writes. */
export class SimulatedServer {
  readonly host: string
  readonly sockets: Set<SimulatedSocket> = new Set()
  readonly catalog: SimulatedCatalog
  /** Types of the messages that it has got, in order. */
  readonly messages: string[] = []
  /** Identifier of its cluster. */
  system = '7000'
  timeline = 1
  /** Tells this start of it from others, and from those of other servers. */
  start = 1
  /** False: connections are refused, and those that there are have been closed. */
  isRunning = true
  /** What happens to the library's own questions. */
  asked: Manner = 'answers'
  /** What happens to the query that loads the catalog. */
  catalogAsked: Manner = 'answers'
  /** What happens to other statements. */
  told: Manner = 'answers'
  /** What happens to BEGIN. Absent: it is a statement like others. */
  cutsBegin: ServerError | undefined
  /** It does not tell its position: its role lacks the rights, say. */
  hidesPosition = false
  /** As a primary: its commits wait for standbys. */
  commitsWait = false
  /** Set while a standby does not replay. */
  standsAt: bigint | undefined
  /** The server whose log it replays; absent: it is a primary. */
  follows: SimulatedServer | undefined
  readonly #received: (sql: string) => void
  #lsn = 0x1000n

  /** @param received Told each text that is no question of the library's own. */
  constructor(host: string, received: (sql: string) => void, follows?: SimulatedServer) {
    this.host = host
    this.#received = received
    this.follows = follows
    this.catalog = follows?.catalog ?? new SimulatedCatalog()
  }

  get isStandby(): boolean {
    return this.follows !== undefined
  }

  /** Up to where it shows what was written. */
  get lsn(): bigint {
    return this.standsAt ?? this.follows?.lsn ?? this.#lsn
  }

  pauseReplay(): void {
    this.standsAt = this.lsn
  }

  resumeReplay(): void {
    this.standsAt = undefined
  }

  /** Somebody else has written something. */
  written(): void {
    this.#lsn += WAL_OF_A_WRITE
  }

  /** It closes all connections, and takes no more. */
  stop(): void {
    this.isRunning = false
    for (const socket of this.sockets) socket.destroy()
  }

  promote(): void {
    this.#lsn = this.lsn
    this.follows = undefined
    this.standsAt = undefined
    this.timeline += 1
  }

  /** Answers a text that the session sends; `undefined` while the server is silent. */
  answer(session: SimulatedSession, text: string, values: readonly (string | null)[]): Answer | undefined {
    const sql = text.replace(LIFTED_LIMITS, '')
    const own = this.#ownAnswer(session, sql)
    if (own !== undefined) return inManner(isOfCatalog(sql) ? this.catalogAsked : this.asked, own)
    this.#received(sql)
    if (this.cutsBegin !== undefined && BEGINS.test(sql)) return { error: this.cutsBegin }
    return inManner(this.told, this.#run(session, sql, values))
  }

  #run(session: SimulatedSession, sql: string, values: readonly (string | null)[]): Answer {
    if (session.status === 'E' && !ENDS.test(sql)) return { error: ABORTED }
    const writes = WRITES.test(sql)
    if (writes && (this.isStandby || session.isReadOnly)) return { error: REFUSAL }
    if (writes || (ENDS.test(sql) && !this.isStandby)) this.written()
    if (DDL.test(sql)) this.catalog.changed(sql)
    if (BEGINS.test(sql)) session.begin(/read only/i.test(sql))
    if (ENDS.test(sql)) session.end()
    const [command = ''] = /\w+/.exec(sql) ?? []
    if (!/^\s*(?:\/\*.*?\*\/\s*)*(?:select|show|values|table)\b/is.test(sql)) {
      return { command: command.toUpperCase(), columns: [], rows: [] }
    }
    return { command: 'SELECT 1', columns: ['host', 'values'], rows: [[this.host, values.join()]] }
  }

  /** The answer to a question of the library's own; `undefined` where the text is none. */
  #ownAnswer({ processID }: SimulatedSession, sql: string): Answer | undefined {
    const role = this.isStandby ? 'replica' : 'primary'
    const position = this.hidesPosition ? null : formatLsn(this.lsn)
    const pid = String(processID)
    const started = `${this.host} ${this.start}`
    const isUnflushed = sql === UNFLUSHED_PROBE_SQL || sql === UNFLUSHED_PROGRESS_SQL
    const inserted = isUnflushed ? [this.isStandby ? null : position] : []
    switch (sql) {
      case UNFLUSHED_PROBE_SQL:
      case PROBE_SQL: {
        const kind = this.isStandby ? 'replayed' : 'flushed'
        const timeline = this.isStandby ? String(this.timeline) : this.timeline.toString(16).padStart(8, '0')
        const received = this.isStandby ? position : null
        const readOnly = this.isStandby ? null : this.commitsWait ? 'off waits' : 'off'
        return one(
          role,
          this.system,
          started,
          kind,
          position,
          timeline,
          received,
          readOnly,
          'shop app',
          pid,
          ...inserted,
        )
      }
      case UNFLUSHED_PROGRESS_SQL:
      case PROGRESS_SQL: {
        const [received, followed] = this.isStandby ? [position, String(this.timeline)] : [null, null]
        return one(role, position, null, started, received, pid, followed, ...inserted)
      }
      case IN_PROGRESS_SQL:
        return one(role, null, '800', '0', started)
      case UNFINISHED.text:
        return one(role, '800', null)
      case COMMITTED:
        return one(null)
      case 'select pg_catalog.pg_is_in_recovery()::pg_catalog.text':
        return one(String(this.isStandby))
      case 'show transaction_isolation':
        return one('read committed')
      default:
        return this.#catalogAnswer(sql) ?? settingsAnswer(sql, this.isStandby)
    }
  }

  #catalogAnswer(sql: string): Answer | undefined {
    if (!isOfCatalog(sql)) return undefined
    if (sql.includes('WITH RECURSIVE decided'))
      return table(['object', 'schema', 'verdict', 'names'], this.catalog.load())
    if (sql.includes('WITH RECURSIVE touched')) return table(['object', 'schema', 'name', 'change'], [])
    const { counters, digest } = this.catalog
    if (sql === countersAloneSql) return table(['counters'], [{ counters }])
    return table(['counters', 'digest'], [{ counters, digest }])
  }
}

/** One session of a simulated server. */
export class SimulatedSession implements Backend {
  readonly processID: number
  readonly #server: SimulatedServer
  readonly #deliver: (callback: () => void) => void
  readonly #closed: () => void
  #status: Backend['status'] = 'I'
  #isReadOnly = false

  /** @param deliver Lets the time pass that a message needs to the server and back. */
  constructor(
    server: SimulatedServer,
    processID: number,
    deliver: (callback: () => void) => void,
    closed: () => void,
  ) {
    this.#server = server
    this.processID = processID
    this.#deliver = deliver
    this.#closed = closed
  }

  get status(): Backend['status'] {
    return this.#status
  }

  heard(type: string): void {
    this.#server.messages.push(type)
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly
  }

  begin(isReadOnly: boolean): void {
    this.#status = 'T'
    this.#isReadOnly = isReadOnly
  }

  end(): void {
    this.#status = 'I'
    this.#isReadOnly = false
  }

  run(text: string, values: readonly (string | null)[], answered: (answer: Answer) => void): void {
    this.#deliver(() => {
      const answer = this.#server.answer(this, text, values)
      if (answer === undefined) return
      if ('error' in answer && this.#status === 'T') this.#status = 'E'
      this.#deliver(() => answered(answer))
    })
  }

  closed(): void {
    this.#closed()
  }
}

function isOfCatalog(sql: string): boolean {
  return sql === countersAloneSql || sql.startsWith("\nSET LOCAL transaction_isolation = 'read committed'")
}

function settingsAnswer(sql: string, isStandby: boolean): Answer | undefined {
  if (!sql.startsWith('SELECT pg_catalog.current_setting(')) return undefined
  const recovery = isStandby ? 'on' : 'off'
  const names = [...sql.matchAll(/current_setting\(\s*E?'([^']+)'/g)]
  return one(...names.map(([, name]) => (name === 'in_hot_standby' ? recovery : null)))
}

function inManner(manner: Manner, answer: Answer): Answer | undefined {
  if (manner === 'is silent') return undefined
  return manner === 'answers' ? answer : { error: manner }
}

function one(...values: readonly (string | null)[]): Answer {
  return { command: 'SELECT 1', columns: values.map((_value, index) => `c${index}`), rows: [values] }
}

function table<T extends object>(columns: readonly (keyof T & string)[], rows: readonly T[]): Answer {
  const values = rows.map((row) => columns.map((name) => row[name] as string | null))
  return { command: `SELECT ${rows.length}`, columns, rows: values }
}
