import { Socket } from 'node:net'
import type { Client, ClientConfig } from 'pg'
import { deadline } from '../platform/deadline.ts'
import type { Connect } from '../platform/connect.ts'
import { withFreshTls } from '../platform/fresh-tls.ts'
import type { Platform } from '../platform/platform.ts'
import { socketOption } from '../platform/socket.ts'
import { connectUnseen, rowsUnseen } from '../platform/unseen.ts'
import type { Observation } from '../topology/node.ts'
import { readProbe, type ProbeRow } from '../topology/probe.ts'
import { isToldByPosition, readProgress } from '../topology/progress.ts'
import { isRefusal } from '../topology/wording.ts'
import type { NodeQuery } from './unshown.ts'
import { Wordings } from './wordings.ts'
import { isCutWithConnection, noteLimits, rowsInSpiteOfLimits } from './without-limits.ts'

const APPLICATION_NAME = 'pg-switchyard monitor'

/** Probes one node over a dedicated connection, which never keeps the process alive. At most one probe is in flight. */
export class NodeProbe {
  readonly #options: ClientConfig
  #open: Connect
  readonly #platform: Platform
  readonly #timeoutMs: number
  readonly #onLost: (error: Error) => void
  readonly #wordings: Wordings
  #client: Client | undefined
  /** A connection that must not be used for another probe. */
  #former: Client | undefined
  #inFlight: Promise<Observation> | undefined
  #query: Promise<unknown> | undefined
  /** The last observation over this connection. */
  #last: { readonly client: Client; readonly observation: Observation } | undefined

  /**
   * @param onLost Called at once when the connection breaks between two probes: the server may be gone.
   * @param mayBeUnflushed Whether commits may be acknowledged before they are flushed.
   */
  constructor(
    options: ClientConfig,
    connect: Connect,
    platform: Platform,
    timeoutMs: number,
    onLost: (error: Error) => void,
    mayBeUnflushed: () => boolean = () => false,
  ) {
    this.#options = options
    this.#open = connect
    this.#platform = platform
    this.#timeoutMs = timeoutMs
    this.#onLost = onLost
    this.#wordings = new Wordings(platform, mayBeUnflushed)
  }

  /** Runs a full probe. A call while one is in flight shares its result. */
  probe(): Promise<Observation> {
    return this.#share(() => this.#ask())
  }

  /**
   * Reads only the node's position if there is a full observation over this connection. Otherwise runs a full probe.
   */
  progress(): Promise<Observation> {
    return this.#share(async () => {
      const progress = this.#askProgress().catch((error: unknown) => {
        // A promoted server may refuse what it was not asked for before.
        if (!isRefusal(error)) throw error
      })
      return (await progress) ?? this.#ask()
    })
  }

  /**
   * Runs a query if the connection still leads to this server. `undefined` when it leads to another one, or the query
   * fails.
   */
  ask({ text, values = [] }: NodeQuery, serverIdentity: string): Promise<ProbeRow | undefined> {
    return this.#askBetween(async () => {
      const client = this.#client
      if (client === undefined || this.#known?.serverIdentity !== serverIdentity) return undefined
      return this.#row(client, text, values).catch((error: Error) => {
        // The next probe must not use a connection that the server closes.
        if (isCutWithConnection(error)) this.#drop(client)
        // An error from the server shows that it is alive.
        if ('severity' in error) return undefined
        throw error
      })
    })
  }

  /** Closes the connection and opens no other one. Resolves when it has ended, within the timeout of a probe. */
  async close(): Promise<void> {
    // A question that has waited for another one would open a connection that is never closed.
    this.#open = openNothing
    const client = this.#client
    // `end()` would wait for a server that may never answer.
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

  /** Makes the next probe open a new connection. */
  renew(): void {
    this.#former = this.#client
    if (this.#busyWith === undefined) this.#drop(this.#client)
  }

  async #ask(): Promise<Observation> {
    if (this.#client !== undefined && this.#client === this.#former) this.#drop(this.#client)
    const client = this.#client ?? (await this.#connect())
    return this.#wordings.adapted(
      async (text, wording) => {
        const sentAtMs = this.#platform.now()
        const row = await this.#row(client, text)
        return this.#saw(client, readProbe(row, sentAtMs, this.#platform.now(), wording))
      },
      (sql) => this.#row(client, sql),
    )
  }

  async #askProgress(): Promise<Observation | undefined> {
    const last = this.#known
    const client = this.#client
    if (last === undefined || client === undefined || !isToldByPosition(last)) return undefined
    const sentAtMs = this.#platform.now()
    const row = await this.#row(client, this.#wordings.progress)
    const progress = readProgress(row, last, sentAtMs, this.#platform.now())
    return progress && this.#saw(client, progress)
  }

  /** The last observation, if it was made over the current connection. */
  get #known(): Observation | undefined {
    const isOfThis = this.#last?.client === this.#client && this.#client !== this.#former
    return isOfThis ? this.#last?.observation : undefined
  }

  #saw(client: Client, observation: Observation): Observation {
    this.#last = { client, observation }
    return observation
  }

  get #busyWith(): Promise<unknown> | undefined {
    return this.#inFlight ?? this.#query
  }

  #share(ask: () => Promise<Observation>): Promise<Observation> {
    this.#inFlight ??= this.#afterQuery(ask)
      .catch((error: unknown) => {
        if (isCutWithConnection(error)) return this.#bounded(() => this.#ask())
        throw error
      })
      .finally(() => {
        this.#inFlight = undefined
      })
    return this.#inFlight
  }

  /** Starts a probe after the current query that is not a probe: its result does not serve as an observation. */
  #afterQuery(ask: () => Promise<Observation>): Promise<Observation> {
    if (this.#query === undefined) return this.#bounded(ask)
    return this.#query.catch(() => {}).then(() => this.#bounded(ask))
  }

  /** Runs a query that is not a probe, one at a time, when nothing is in flight. */
  async #askBetween<T>(ask: () => Promise<T>): Promise<T> {
    for (let busy = this.#busyWith; busy !== undefined; busy = this.#busyWith) await busy.catch(() => {})
    const asked = this.#bounded(async () => {
      if (this.#known === undefined) await this.#ask()
      return ask()
    })
    this.#query = asked
    return asked.finally(() => {
      this.#query = undefined
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
    // TLS has replaced the first stream.
    unref(client)
    return client
  }

  /** Applies the probe timeout. A node that does not answer in time has failed, and its connection is dropped. */
  #bounded<T>(ask: () => Promise<T>): Promise<T> {
    const asked = ask()
    // The next probe may already use another connection when the end of this one is reported.
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
    // A probe in flight fails by itself, and its caller learns of the error.
    if (this.#client !== client || this.#busyWith !== undefined) return
    this.#client = undefined
    // The server has closed the connection because of a timeout: idle_session_timeout, or a late transaction_timeout.
    if (Reflect.get(error, 'code') === '57P05' || isCutWithConnection(error)) return
    this.#onLost(error)
  }
}

function openNothing(): never {
  throw new Error('The node is no longer watched')
}

/** Stops the connection from keeping the process alive. */
export function unref(client: Client): void {
  const { stream } = client.connection
  if (stream instanceof Socket) stream.unref()
}

/**
 * Returns the part of a node's options that probes use: how to reach the server and log in, without timeouts and type
 * parsers.
 */
export function probeOptions(options: ClientConfig): ClientConfig {
  const {
    types: _types,
    pipeline: _pipeline,
    query_timeout: _queryTimeout,
    statement_timeout: _statementTimeout,
    lock_timeout: _lockTimeout,
    idle_in_transaction_session_timeout: _idleTimeout,
    ...rest
  } = withFreshTls(options)
  return {
    ...socketOption,
    ...rest,
    password: options.password,
    application_name: APPLICATION_NAME,
    // After a blocked event loop, its timer would report a timeout although the server has answered.
    connectionTimeoutMillis: 0,
  }
}
