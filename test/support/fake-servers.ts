import { EventEmitter } from 'node:events'
import type { Client, ClientConfig } from 'pg'
import type { Connect } from '../../src/platform/connect.ts'
import { PROBE_SQL, UNFLUSHED_PROBE_SQL, type ProbeRow } from '../../src/topology/probe.ts'
import { PROGRESS_SQL, UNFLUSHED_PROGRESS_SQL } from '../../src/topology/progress.ts'
import { IN_PROGRESS_SQL } from '../../src/topology/in-progress.ts'
import { committedAmong, UNFINISHED } from '../../src/monitoring/unshown.ts'

/** In front of a question that is asked without limits. */
const LIFTED_LIMITS = /^(set local \w+ = 0; )+/
const COMMITTED_SQL = committedAmong([]).text

/** How a server takes a request: at once, never, with an error, or at once, but its answer is held up on the way. */
type Manner = 'answers' | 'is silent' | 'is held up' | Error

/** A server as probes meet it. Tests set how it behaves, and count what reached it. */
export class FakeServer {
  connecting: Manner = 'answers'
  querying: Manner = 'answers'
  /** What it answers to a probe; to whom asks only how far it is, the part of it that says so. */
  row: ProbeRow = primaryRow('0/1000')
  /** Its insert position, for those who ask for it. */
  inserted = '0/1000'
  /** As a primary: the next transaction, and those that are not finished. */
  unfinished: readonly [string, string | null] = ['800', null]
  /** As a replica: which of the transactions that it is asked for it shows. */
  committed: string | null = null
  /** Whether it closes a connection that a client asks to end. */
  hangsUp = true
  /** While true, nobody hears that a connection has closed before `closings` are called. */
  holdsClosings = false
  readonly closings: (() => void)[] = []
  readonly clients: FakeClient[] = []
  /** Called when it is asked to connect, and for each question. */
  onRequest: () => void = () => {}
  /** Questions that reached it so far. */
  probes = 0
  /** Those of them that did not ask everything. */
  readonly asked: { progress: number; readonly committed: string[] } = {
    progress: 0,
    committed: [],
  }

  /** Connections that were asked for so far. */
  get connections(): number {
    return this.clients.length
  }

  get newestClient(): FakeClient {
    const client = this.clients.at(-1)
    if (client === undefined) throw new Error('Nobody has connected')
    return client
  }

  /** From now on it answers, first of all whoever waits already. */
  speakUp(): void {
    this.connecting = this.querying = 'answers'
    for (const client of this.clients) client.answerAll()
  }

  /** What it answers to this text now. */
  rowFor(sql: string): ProbeRow {
    const [role = null, , server = null, kind, lsn = null, timeline = null, received = null] = this.row
    const followed = role === 'replica' ? timeline : null
    switch (sql.replace(LIFTED_LIMITS, '')) {
      case PROBE_SQL:
        return this.row
      case PROGRESS_SQL:
        return [role, lsn, kind === 'inserted' ? 'inserted' : null, server, received, null, followed]
      case UNFLUSHED_PROBE_SQL:
        return [...this.row, ...Array.from({ length: 10 - this.row.length }, () => null), this.inserted]
      case UNFLUSHED_PROGRESS_SQL:
        return [role, lsn, null, server, received, null, followed, this.inserted]
      case IN_PROGRESS_SQL:
        return [role, this.unfinished[1]?.replaceAll(/,\S+/g, '') ?? null, '800', '0', server]
      case UNFINISHED.text:
        return [role, ...this.unfinished]
      case COMMITTED_SQL:
        return [this.committed]
      default:
        throw new Error(`Nobody asks this: ${sql}`)
    }
  }

  count(sql: string, values: readonly string[]): void {
    this.onRequest()
    this.probes += 1
    if (sql === COMMITTED_SQL) this.asked.committed.push(...values)
    if (sql === PROGRESS_SQL) this.asked.progress += 1
  }

  closed(hear: () => void): void {
    if (this.holdsClosings) this.closings.push(hear)
    else setImmediate(hear)
  }
}

interface Waiting {
  readonly answer: () => void
  readonly fail: (error: Error) => void
}

/** Behaves as node-postgres' client does where a probe can tell. */
export class FakeClient extends EventEmitter {
  readonly options: ClientConfig
  readonly #server: FakeServer
  readonly #waiting = new Set<Waiting>()
  #isConnected = false
  #isClosed = false
  readonly connection: { readonly stream: { destroy(): void }; on(): void } = {
    stream: { destroy: () => this.#close(new Error('Connection terminated unexpectedly')) },
    on: () => {},
  }

  constructor(options: ClientConfig, server: FakeServer) {
    super()
    this.options = options
    this.#server = server
    server.clients.push(this)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  connect(connected: (error?: Error) => void): void {
    this.#server.onRequest()
    const answer = (): void => void (this.#isConnected = true)
    this.#reply(this.#server.connecting, answer).then(() => connected(), connected)
  }

  query(
    { text, values = [] }: { readonly text: string; readonly values?: readonly string[] },
    answered: (error: Error | null, result?: { readonly rows: readonly ProbeRow[] }) => void,
  ): void {
    this.#server.count(text, values)
    const asked = this.#reply(this.#server.querying, () => ({ rows: [this.#server.rowFor(text)] }))
    asked.then((result) => answered(null, result), answered)
  }

  end(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    const ended = new Promise<void>((resolve) => this.once('end', () => resolve()))
    // Under a query it does not ask politely.
    if (this.#isConnected && this.#waiting.size > 0) this.connection.stream.destroy()
    else if (this.#server.hangsUp) this.#close(new Error('Connection terminated'))
    return ended
  }

  answerAll(): void {
    for (const { answer } of this.#waiting) answer()
    this.#waiting.clear()
  }

  /** The server, or the network, ends the connection. */
  breakOff(error: Error = new Error('Connection terminated unexpectedly')): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#isConnected) this.emit('error', error)
    this.#failAll(error)
    setImmediate(() => this.emit('end'))
  }

  #reply<T>(manner: Manner, answer: () => T): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error('Client was closed and is not queryable'))
    if (manner === 'answers') return Promise.resolve(answer())
    if (manner instanceof Error) return Promise.reject(manner)
    if (manner === 'is held up') {
      const value = answer()
      return new Promise((resolve, fail) => this.#waiting.add({ answer: () => resolve(value), fail }))
    }
    return new Promise((resolve, fail) => this.#waiting.add({ answer: () => resolve(answer()), fail }))
  }

  #close(error: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#server.closed(() => {
      this.#failAll(error)
      this.emit('end')
    })
  }

  #failAll(error: Error): void {
    for (const { fail } of this.#waiting) fail(error)
    this.#waiting.clear()
  }
}

/** Servers by host name, and connections to them. */
export class FakeNetwork {
  readonly #servers = new Map<string, FakeServer>()

  readonly connect: Connect = (options) =>
    new FakeClient(options, this.at(options.host ?? '')) as unknown as Client

  at(host: string): FakeServer {
    const server = this.#servers.get(host) ?? new FakeServer()
    this.#servers.set(host, server)
    return server
  }
}

/** What a primary answers to a probe. Servers of one cluster share `system`. */
export function primaryRow(
  lsn: string | null,
  server = 'p',
  system = '7000',
  timeline = '00000001',
): ProbeRow {
  return ['primary', system, server, 'flushed', lsn, timeline]
}

/** What a replica answers to a probe. */
export function replicaRow(
  lsn: string | null,
  server = 'r',
  system = '7000',
  timeline: string | null = '1',
): ProbeRow {
  return ['replica', system, server, 'replayed', lsn, timeline]
}
