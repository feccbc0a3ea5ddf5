import type { Platform } from '../platform/platform.ts'
import { probeSql } from '../topology/probe.ts'
import { progressSql } from '../topology/progress.ts'
import { findWording, isRefusal, PLAIN, type Wording } from '../topology/wording.ts'

/** Time after which a server that refused a part of a probe gets the whole probe again, in milliseconds. */
const RENEWED_AFTER_MS = 10 * 60_000

/** Ends a search that goes on with the next probe. */
const LATER = new Error('The search goes on with the next probe')

/** Words the questions to one node: plainly until it refuses something, and then for what it answers. */
export class Wordings {
  readonly #platform: Pick<Platform, 'now'>
  readonly #mayBeUnflushed: () => boolean
  /** Answers to single questions, until a wording is found: a timeout may have cut the last attempt short. */
  readonly #accepted = new Map<string, boolean>()
  #current: Wording = PLAIN
  #foundAtMs = -Infinity

  /** @param mayBeUnflushed Whether commits may be acknowledged before they are flushed. */
  constructor(platform: Pick<Platform, 'now'>, mayBeUnflushed: () => boolean) {
    this.#platform = platform
    this.#mayBeUnflushed = mayBeUnflushed
  }

  /** The question for a node's position. */
  get progress(): string {
    return progressSql(this.#current, this.#mayBeUnflushed())
  }

  /**
   * Runs a full probe. If the server refuses it, finds out what the server answers, and probes for that.
   *
   * @param probe Runs a probe of these words
   * @param ask Runs any query on the server
   */
  async adapted<T>(
    probe: (text: string, wording: Wording) => Promise<T>,
    ask: (sql: string) => Promise<unknown>,
  ): Promise<T> {
    await this.#renew(ask)
    try {
      return await this.#probe(probe)
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
    // It accepted this before, so what it answered then does not count.
    if (this.#current !== PLAIN) this.#accepted.clear()
    this.#current = PLAIN
    await this.#find((sql) => this.#accepts(sql, ask))
    return this.#probe(probe)
  }

  /**
   * Looks from time to time for rights that have been granted since. One question per probe: a search takes many round
   * trips, and a probe that takes too long means that the server is down.
   */
  async #renew(ask: (sql: string) => Promise<unknown>): Promise<void> {
    const isDue = this.#platform.now() - this.#foundAtMs >= RENEWED_AFTER_MS
    if (this.#current === PLAIN || !isDue) return
    let isAsked = false
    try {
      await this.#find((sql) => {
        if (isAsked && !this.#accepted.has(sql)) throw LATER
        isAsked ||= !this.#accepted.has(sql)
        return this.#accepts(sql, ask)
      })
    } catch (error) {
      if (error !== LATER) throw error
    }
  }

  async #find(accepts: (sql: string) => Promise<boolean>): Promise<void> {
    this.#current = await findWording(accepts)
    this.#foundAtMs = this.#platform.now()
    this.#accepted.clear()
  }

  #probe<T>(probe: (text: string, wording: Wording) => Promise<T>): Promise<T> {
    return probe(probeSql(this.#current, this.#mayBeUnflushed()), this.#current)
  }

  async #accepts(sql: string, ask: (sql: string) => Promise<unknown>): Promise<boolean> {
    const known = this.#accepted.get(sql)
    if (known !== undefined) return known
    const isAccepted = await ask(sql).then(
      () => true,
      (error: unknown) => {
        if (isRefusal(error)) return false
        throw error
      },
    )
    this.#accepted.set(sql, isAccepted)
    return isAccepted
  }
}
