import type { Client, ClientConfig } from 'pg'
import { deadline } from '../platform/deadline.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { connectUnseen } from '../platform/unseen.ts'
import { probeOptions, unref } from './node-probe.ts'
import { noteLimits, rowsWithoutLimits } from './without-limits.ts'

/** How long an idle connection is kept, in milliseconds. During a migration queries come in quick succession. */
const KEPT_FOR_MS = 5_000

interface Kept {
  readonly client: Client
  readonly options: ClientConfig
  readonly timer: Timer
}

/**
 * Runs queries that are rare, come in bursts, or take long, apart from a node's probes. The connection is opened on
 * demand, closed when idle, and never keeps the process alive.
 */
export class KeptConnection {
  readonly #connect: Connect
  readonly #platform: Platform
  readonly #connectTimeoutMs: number
  readonly #answerTimeoutMs: number
  readonly #busy = new Set<Client>()
  readonly #keptForMs: number
  #kept: Kept | undefined
  #isClosed = false

  /**
   * @param answerTimeoutMs A query that takes longer fails and its connection is closed. In milliseconds.
   * @param keptForMs How long an idle connection is kept. With 0 it is closed at once.
   */
  constructor(
    connect: Connect,
    platform: Platform,
    connectTimeoutMs: number,
    answerTimeoutMs: number,
    keptForMs: number = KEPT_FOR_MS,
  ) {
    this.#keptForMs = keptForMs
    this.#connect = connect
    this.#platform = platform
    this.#connectTimeoutMs = connectTimeoutMs
    this.#answerTimeoutMs = answerTimeoutMs
  }

  /** Runs an SQL text on the server that the options name. Returns the rows of the last statement. */
  async rows(options: ClientConfig, sql: string): Promise<readonly unknown[]> {
    const client = this.#take(options) ?? (await this.#open(options))
    this.#busy.add(client)
    const timer = this.#destroyIn(this.#answerTimeoutMs, client)
    try {
      const rows = await rowsWithoutLimits(client, sql)
      this.#keep(client, options)
      return rows
    } catch (error) {
      client.end().catch(() => {})
      throw error
    } finally {
      timer.cancel()
      this.#busy.delete(client)
    }
  }

  /** Closes the connection. A running query fails. */
  close(): void {
    this.#isClosed = true
    this.#let()
    for (const client of this.#busy) client.connection.stream.destroy()
  }

  #take(options: ClientConfig): Client | undefined {
    const kept = this.#kept
    if (kept?.options !== options) return undefined
    this.#kept = undefined
    kept.timer.cancel()
    return kept.client
  }

  #keep(client: Client, options: ClientConfig): void {
    this.#let()
    if (this.#isClosed || this.#keptForMs === 0) {
      client.end().catch(() => {})
      return
    }
    const timer = this.#platform.scheduleWork(this.#keptForMs, () => this.#let())
    this.#kept = { client, options, timer }
  }

  #let(): void {
    const kept = this.#kept
    this.#kept = undefined
    kept?.timer.cancel()
    kept?.client.end().catch(() => {})
  }

  #destroyIn(timeoutMs: number, client: Client): Timer {
    return deadline(this.#platform, timeoutMs, () => {
      client.connection.stream.destroy(new Error('timeout expired'))
    })
  }

  async #open(options: ClientConfig): Promise<Client> {
    const client = this.#connect(probeOptions(options))
    this.#busy.add(client)
    noteLimits(client)
    // The running statement fails too, so its caller learns of the error.
    client.on('error', () => {})
    // A connection that has ended for any reason must not be reused.
    client.once('end', () => {
      if (this.#kept?.client === client) this.#let()
    })
    const timer = this.#destroyIn(this.#connectTimeoutMs, client)
    const connected = connectUnseen(client).finally(() => timer.cancel())
    unref(client)
    try {
      await connected
    } catch (error) {
      this.#busy.delete(client)
      throw error
    }
    unref(client)
    return client
  }
}
