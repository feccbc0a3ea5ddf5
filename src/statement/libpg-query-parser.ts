import type { PlPgSqlBody } from '../catalog/catalog.ts'
import { SwitchyardError } from '../errors/error.ts'
import { EnginePool } from './engine-pool.ts'
import { engineFactory } from './libpg-query-engine.ts'
import { notLoaded } from './not-loaded.ts'
import type { Analysis, SqlParser } from './parser.ts'
import type { Records } from './plpgsql/queries.ts'
import type { TreeAnalyzer } from './tree-analyzer.ts'

/** Half as much again as an instance begins with: more means that one text was huge. */
const MAX_ENGINE_BYTES = 192 * 2 ** 20

let ofProcess: SqlParser | undefined

/**
 * PostgreSQL's own grammar, compiled to WebAssembly. Every call gives the same parser: it keeps nothing of the texts,
 * and each instance reserves 128 MB of address space.
 *
 * @example
 * const parser = createLibpgQueryParser()
 * await parser.load()
 * console.log(parser.analyze('SELECT 1').kind)
 */
export function createLibpgQueryParser(): SqlParser {
  if (ofProcess === undefined) {
    const { create, warm } = engineFactory()
    ofProcess = new LibpgQueryParser(new EnginePool(create, MAX_ENGINE_BYTES), warm)
  }
  return ofProcess
}

/** @internal */
export class LibpgQueryParser implements SqlParser {
  readonly name = 'libpg-query'
  readonly #engines: EnginePool
  readonly #warmEngines: () => void
  #analyzer: TreeAnalyzer | undefined
  #loading: Promise<void> | undefined

  constructor(engines: EnginePool, warmEngines: () => void = () => {}) {
    this.#engines = engines
    this.#warmEngines = warmEngines
  }

  get isLoaded(): boolean {
    return this.#analyzer !== undefined && this.#engines.ready
  }

  warm(): void {
    this.#warmEngines()
    this.#loadAnalyzer().catch(() => {})
  }

  async load(): Promise<void> {
    if (this.isLoaded) return
    try {
      await Promise.all([this.#engines.fill(), this.#loadAnalyzer()])
    } catch (cause) {
      throw new SwitchyardError(
        'SWITCHYARD_PARSER_UNAVAILABLE',
        "PostgreSQL's grammar could not be loaded, and a pool with replicas needs it. It is WebAssembly: " +
          'where the runtime does not allow that, set the option "parser" to createNodeSqlParser()',
        { cause },
      )
    }
  }

  /** Not twice: test runners such as Jest refuse to load JavaScript once a test is over. */
  #loadAnalyzer(): Promise<void> {
    this.#loading ??= import('./tree-analyzer.ts').then(
      ({ TreeAnalyzer: Analyzer }) => {
        this.#analyzer = new Analyzer(this.#engines)
      },
      (error: unknown) => {
        this.#loading = undefined
        throw error
      },
    )
    return this.#loading
  }

  analyze(sql: string): Analysis {
    return this.#analyzer?.analyze(sql) ?? notLoaded
  }

  fingerprint(sql: string): string | undefined {
    return this.#analyzer?.fingerprint(sql)
  }

  givenNames(sql: string): readonly string[] | undefined {
    return this.#analyzer?.givenNames(sql)
  }

  queriesIn(body: PlPgSqlBody, records?: Records): readonly string[] | undefined {
    return this.#analyzer?.queriesIn(body, records)
  }
}
