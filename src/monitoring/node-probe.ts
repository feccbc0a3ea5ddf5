import { Socket } from 'node:net'
import type { Client, ClientConfig } from 'pg'
import { deadline } from '../platform/deadline.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform } from '../platform/platform.ts'
import { socketOption } from '../platform/socket.ts'
import { connectUnseen, rowsUnseen } from '../platform/unseen.ts'
import type { Observation } from '../topology/node.ts'
import { PROBE_SQL, readProbe, type ProbeRow } from '../topology/probe.ts'
import { INSERTED_SQL, PROGRESS_SQL, readProgress } from '../topology/progress.ts'
import type { Question } from './unshown.ts'
import { isCutWithConnection, noteLimits, rowsInSpiteOfLimits } from './without-limits.ts'

const APPLICATION_NAME = 'pg-switchyard monitor'

/** Probes one node over a connection of its own, which never keeps the process alive. At most one probe is in flight. */
export class NodeProbe {
  readonly #options: ClientConfig
  readonly #open: Connect
  readonly #platform: Platform
  readonly #timeoutMs: number
  readonly #onLost: (error: Error) => void
  #client: Client | undefined
  /** Not to be asked again. */
  #former: Client | undefined
  #inFlight: Promise<Observation> | undefined
  #besides: Promise<unknown> | undefined
  /** What was last seen over this connection. */
  #last: { readonly client: Client; readonly observation: Observation } | undefined

  /** @param onLost Told at once when the connection breaks between two probes: the server may be gone. */
  constructor(
    options: ClientConfig,
    connect: Connect,
    platform: Platform,
    timeoutMs: number,
    onLost: (error: Error) => void,
  ) {
    this.#options = options
    this.#open = connect
    this.#platform = platform
    this.#timeoutMs = timeoutMs
    this.#onLost = onLost
  }

  /** Asks the node. A call while one is in flight shares its answer. */
  probe(): Promise<Observation> {
    return this.#share(() => this.#ask())
  }

  /** Asks only how far the node is, if the rest is known over this connection; else everything. */
  progress(): Promise<Observation> {
    return this.#share(async () => (await this.#askProgress(PROGRESS_SQL)) ?? this.#ask())
  }

  /** Asks a primary for its insert position. */
  inserted(): Promise<Observation | undefined> {
    return this.#askBesides(() => this.#askProgress(INSERTED_SQL))
  }

  /** Asks the server that was seen to be this one something; `undefined` when it is another one, or gives no answer. */
  ask({ text, values = [] }: Question, serverIdentity: string): Promise<ProbeRow | undefined> {
    return this.#askBesides(async () => {
      const client = this.#client
      if (client === undefined || this.#known?.serverIdentity !== serverIdentity) return undefined
      return this.#row(client, text, values).catch((error: Error) => {
        // The server lives, and has its reasons.
        if ('severity' in error) return undefined
        throw error
      })
    })
  }

  /** Ends the connection, and resolves when it has ended: within the time that a probe may take. */
  async close(): Promise<void> {
    const client = this.#client
    // An end that is asked for politely waits for a server that may never answer.
    if (this.#busyWith !== undefined) return this.#drop(client)
    this.#client = undefined
    if (client === undefined) return
    const release = this.#platform.holdOpen()
    const timer = deadline(this.#platform, this.#timeoutMs, () => client.connection.stream.destroy())
    await client.end().finally(() => {
      timer.cancel()
      release()
    })
  }

  async #row(client: Client, text: string, values: readonly string[] = []): Promise<ProbeRow | undefined> {
    const isPlain = values.length === 0
    const query = { text, values: [...values], rowMode: 'array' as const }
    const [row] = await (isPlain ? rowsInSpiteOfLimits(this, client, text) : rowsUnseen(client, query))
    return row as ProbeRow | undefined
  }

  /** From the next probe on the node is asked over a new connection. */
  renew(): void {
    this.#former = this.#client
    if (this.#busyWith === undefined) this.#drop(this.#client)
  }

  async #ask(): Promise<Observation> {
    if (this.#client !== undefined && this.#client === this.#former) this.#drop(this.#client)
    const client = this.#client ?? (await this.#connect())
    const sentAtMs = this.#platform.now()
    const row = await this.#row(client, PROBE_SQL)
    return this.#saw(client, readProbe(row, sentAtMs, this.#platform.now()))
  }

  async #askProgress(sql: string): Promise<Observation | undefined> {
    const last = this.#known
    const client = this.#client
    if (last === undefined || client === undefined) return undefined
    const sentAtMs = this.#platform.now()
    const row = await this.#row(client, sql)
    const progress = readProgress(row, last, sentAtMs, this.#platform.now())
    return progress === undefined || sql === INSERTED_SQL ? progress : this.#saw(client, progress)
  }

  /** What was seen over the connection that there is now. */
  get #known(): Observation | undefined {
    const isOfThis = this.#last?.client === this.#client && this.#client !== this.#former
    return isOfThis ? this.#last?.observation : undefined
  }

  #saw(client: Client, observation: Observation): Observation {
    this.#last = { client, observation }
    return observation
  }

  get #busyWith(): Promise<unknown> | undefined {
    return this.#inFlight ?? this.#besides
  }

  #share(ask: () => Promise<Observation>): Promise<Observation> {
    this.#inFlight ??= this.#afterBesides(ask)
      .catch((error: unknown) => {
        if (isCutWithConnection(error)) return this.#bounded(() => this.#ask())
        throw error
      })
      .finally(() => {
        this.#inFlight = undefined
      })
    return this.#inFlight
  }

  /** What is asked besides is no answer to a probe, however often it is asked. */
  #afterBesides(ask: () => Promise<Observation>): Promise<Observation> {
    if (this.#besides === undefined) return this.#bounded(ask)
    return this.#besides.catch(() => {}).then(() => this.#bounded(ask))
  }

  /** What is no probe, one at a time, once nothing is in flight. */
  async #askBesides<T>(ask: () => Promise<T>): Promise<T> {
    for (let busy = this.#busyWith; busy !== undefined; busy = this.#busyWith) await busy.catch(() => {})
    const asked = this.#bounded(async () => {
      if (this.#known === undefined) await this.#ask()
      return ask()
    })
    this.#besides = asked
    return asked.finally(() => {
      this.#besides = undefined
    })
  }

  async #connect(): Promise<Client> {
    const client = this.#open(probeOptions(this.#options))
    this.#client = client
    noteLimits(client)
    client.on('error', (error) => this.#lost(client, error))
    client.on('end', () => this.#lost(client, new Error('Connection terminated unexpectedly')))
    const connected = connectUnseen(client)
    unref(client)
    await connected
    // TLS has put another stream in the place of the first.
    unref(client)
    return client
  }

  /** A node that does not answer in time has failed, and so has its connection. */
  #bounded<T>(ask: () => Promise<T>): Promise<T> {
    const asked = ask()
    // When the end of a connection is heard that timed out, the next probe may already have another.
    const client = this.#client
    return new Promise((resolve, reject) => {
      const timer = deadline(this.#platform, this.#timeoutMs, () => {
        reject(new Error(`No answer to a probe within ${this.#timeoutMs} ms`))
        this.#drop(client)
      })
      asked.then(resolve, (error: Error) => {
        reject(error)
        this.#drop(client)
      })
      const stop = (): void => timer.cancel()
      asked.then(stop, stop)
    })
  }

  #drop(client: Client | undefined): void {
    if (this.#client === client) this.#client = undefined
    client?.connection.stream.destroy()
  }

  #lost(client: Client, error: Error): void {
    // The probe in flight fails by itself, and tells whoever asked.
    if (this.#client !== client || this.#busyWith !== undefined) return
    this.#client = undefined
    // The server has closed the connection because of a limit: idle_session_timeout, or a late transaction_timeout.
    if (Reflect.get(error, 'code') === '57P05' || isCutWithConnection(error)) return
    this.#onLost(error)
  }
}

/** From now on the connection does not keep the process alive. */
export function unref(client: Client): void {
  const { stream } = client.connection
  if (stream instanceof Socket) stream.unref()
}

/** What probes take over of the node's options: how to reach the server and log in, nothing that shapes answers. */
export function probeOptions(options: ClientConfig): ClientConfig {
  const {
    types: _types,
    pipeline: _pipeline,
    query_timeout: _queryTimeout,
    statement_timeout: _statementTimeout,
    lock_timeout: _lockTimeout,
    idle_in_transaction_session_timeout: _idleTimeout,
    ...rest
  } = options
  return {
    ...socketOption,
    ...rest,
    password: options.password,
    application_name: APPLICATION_NAME,
    // Its timer would take a blocked event loop for a server that does not answer.
    connectionTimeoutMillis: 0,
  }
}
