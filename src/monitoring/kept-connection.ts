import type { Client, ClientConfig } from 'pg'
import { deadline } from '../platform/deadline.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { connectUnseen } from '../platform/unseen.ts'
import { probeOptions, unref } from './node-probe.ts'
import { noteLimits, rowsWithoutLimits } from './without-limits.ts'

/** How long a connection waits for the next question, in milliseconds: during a migration they come thick and fast. */
const keptForMs = 5_000

interface Kept {
  readonly client: Client
  readonly options: ClientConfig
  readonly timer: Timer
}

/**
 * Asks what is asked seldom, or many times in a row, and may take long: a node's probes do not wait for it. The connection
 * is opened when it is needed, closed when it has not been needed for a while, and never keeps the process alive.
 */
export class KeptConnection {
  readonly #connect: Connect
  readonly #platform: Platform
  readonly #connectTimeoutMs: number
  readonly #answerTimeoutMs: number
  readonly #busy = new Set<Client>()
  #kept: Kept | undefined
  #isClosed = false

  /** @param answerTimeoutMs A question without an answer by then fails, and its connection is closed. In milliseconds. */
  constructor(connect: Connect, platform: Platform, connectTimeoutMs: number, answerTimeoutMs: number) {
    this.#connect = connect
    this.#platform = platform
    this.#connectTimeoutMs = connectTimeoutMs
    this.#answerTimeoutMs = answerTimeoutMs
  }

  /** Runs a text on the server that the options name. Gives the rows of the text's last statement. */
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

  /** Ends the connection; a question under way gets no answer. */
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
    if (this.#isClosed) {
      client.end().catch(() => {})
      return
    }
    const timer = this.#platform.schedule(keptForMs, () => this.#let())
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
    // The statement fails too, and tells whoever asked.
    client.on('error', () => {})
    // Whatever ended it, nobody is to be given it any more.
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
