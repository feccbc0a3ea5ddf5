import type { Engine, Grammar } from './libpg-query-engine.ts'

/** Result of one attempt to parse. */
export type ParseOutcome =
  | { readonly kind: 'parsed'; readonly json: string }
  | { readonly kind: 'no-sql' }
  /** The engine failed on this text and was replaced. */
  | { readonly kind: 'crashed'; readonly cause: unknown }
  /** The engine is still being replaced. The text was not parsed. */
  | { readonly kind: 'unavailable' }

/**
 * Number of texts after which the spare is made. Before, most processes are starting, when a spare would only delay the
 * first answer; and short-lived ones need none.
 */
const TEXTS_BEFORE_SPARE = 20

/**
 * Keeps one engine in use and, after the first texts, a spare one. An engine that threw is lost, and a new one takes a
 * while to make. An engine that grew beyond `maxMemoryBytes` is replaced too, so that one large text does not hold
 * memory for ever.
 */
export class EnginePool {
  readonly #create: () => Promise<Engine>
  readonly #maxMemoryBytes: number
  #engine: Engine | undefined
  #spare: Engine | undefined
  #isCreating = false
  #texts = 0
  #filling: Promise<void> | undefined

  constructor(create: () => Promise<Engine>, maxMemoryBytes: number) {
    this.#create = create
    this.#maxMemoryBytes = maxMemoryBytes
  }

  get ready(): boolean {
    return this.#engine !== undefined || this.#spare !== undefined
  }

  /** Resolves when there is an engine. Calls at the same time share one. */
  fill(): Promise<void> {
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined
    })
    return this.#filling
  }

  async #fill(): Promise<void> {
    this.#engine ??= await this.#create()
  }

  parse(sql: string, grammar: Grammar = 'sql'): ParseOutcome {
    const engine = (this.#engine ??= this.#takeSpare())
    if (engine === undefined) return { kind: 'unavailable' }
    this.#texts += 1
    if (this.#texts === TEXTS_BEFORE_SPARE) this.#replenish()
    try {
      const json = engine.parse(sql, grammar)
      // It works on until there is a spare.
      if (engine.memoryBytes > this.#maxMemoryBytes) this.#engine = this.#takeSpare() ?? engine
      return json === undefined ? { kind: 'no-sql' } : { kind: 'parsed', json }
    } catch (cause) {
      this.#engine = this.#takeSpare()
      return { kind: 'crashed', cause }
    }
  }

  #takeSpare(): Engine | undefined {
    const spare = this.#spare
    this.#spare = undefined
    this.#replenish()
    return spare
  }

  #replenish(): void {
    if (this.#isCreating || this.#spare !== undefined) return
    this.#isCreating = true
    this.#create().then(
      (engine) => {
        this.#isCreating = false
        this.#spare = engine
      },
      () => {
        // The next text that finds no engine tries again.
        this.#isCreating = false
      },
    )
  }
}
