import { SwitchyardError } from '../errors/error.ts'
import { requireLazily } from '../platform/require.ts'
import { notLoaded } from './not-loaded.ts'
import type { Analysis, SqlParser } from './parser.ts'
import type { Grammar, TokenAnalyzer } from './node-sql/token-analyzer.ts'

interface GrammarModule {
  readonly Parser: new () => Grammar
}

/**
 * The grammar of the package node-sql-parser, which needs no WebAssembly. It knows about three quarters of PostgreSQL's
 * SELECT, so it proves fewer reads than PostgreSQL's own grammar, and none that that one would not.
 *
 * @example
 * new Pool({ host: 'primary', replicas: ['postgres://app@r1/shop'], parser: createNodeSqlParser() })
 */
export function createNodeSqlParser(): SqlParser {
  return new NodeSqlParser()
}

class NodeSqlParser implements SqlParser {
  readonly name = 'node-sql-parser'
  #analyzer: TokenAnalyzer | undefined
  #loading: Promise<void> | undefined

  get isLoaded(): boolean {
    return this.#analyzer !== undefined
  }

  warm(): void {
    this.load().catch(() => {})
  }

  /** Not twice: test runners such as Jest refuse to load JavaScript once a test is over. */
  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  async #load(): Promise<void> {
    try {
      const { Parser } = requireLazily('node-sql-parser/build/postgresql.js') as GrammarModule
      const { TokenAnalyzer: Analyzer } = await import('./node-sql/token-analyzer.ts')
      this.#analyzer = new Analyzer(new Parser())
    } catch (cause) {
      throw new SwitchyardError(
        'SWITCHYARD_PARSER_UNAVAILABLE',
        'node-sql-parser could not be loaded: it is an optional package, install it (npm install node-sql-parser@5) ' +
          'or leave the parser at its default',
        { cause },
      )
    }
  }

  analyze(sql: string): Analysis {
    return this.#analyzer?.analyze(sql) ?? notLoaded
  }
}
