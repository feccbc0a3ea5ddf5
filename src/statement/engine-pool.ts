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
 * Keeps one engine at work and a spare at hand, since an engine that threw is lost and a new one cannot be had at once.
 * An engine that grew beyond `maxMemoryBytes` is replaced too, so that one large text does not hold memory for ever.
 */
export class EnginePool {
  readonly #create: () => Promise<Engine>
  readonly #maxMemoryBytes: number
  #engine: Engine | undefined
  #spare: Engine | undefined
  #isCreating = false
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
    this.#replenish()
  }

  parse(sql: string, grammar: Grammar = 'sql'): ParseOutcome {
    const engine = (this.#engine ??= this.#takeSpare())
    if (engine === undefined) return { kind: 'unavailable' }
    try {
      const json = engine.parse(sql, grammar)
      if (engine.memoryBytes > this.#maxMemoryBytes) this.#discard()
      return json === undefined ? { kind: 'no-sql' } : { kind: 'parsed', json }
    } catch (cause) {
      this.#discard()
      return { kind: 'crashed', cause }
    }
  }

  #discard(): void {
    this.#engine = this.#takeSpare()
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
