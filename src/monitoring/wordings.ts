import type { Platform } from '../platform/platform.ts'
import { probeSql } from '../topology/probe.ts'
import { progressSql } from '../topology/progress.ts'
import { findWording, isRefusal, PLAIN, type Wording } from '../topology/wording.ts'

/** Time after which a server that refused something is asked for everything again, in milliseconds. */
const RENEWED_AFTER_MS = 10 * 60_000

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
    // Rights may have been granted since.
    if (this.#platform.now() - this.#foundAtMs >= RENEWED_AFTER_MS) this.#current = PLAIN
    try {
      return await this.#probe(probe)
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
    this.#current = await findWording((sql) => this.#accepts(sql, ask))
    this.#foundAtMs = this.#platform.now()
    this.#accepted.clear()
    return this.#probe(probe)
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
