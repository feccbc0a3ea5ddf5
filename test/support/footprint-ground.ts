import { Client, type ClientConfig, DatabaseError } from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { loadCatalog } from '../../src/catalog/loader.ts'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { meets, type Footprint } from '../../src/catalog/footprint.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { decide } from '../../src/statement/decide.ts'
import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import { provesRead } from '../../src/statement/proves-read.ts'
import { usesIn } from '../../src/statement/uses-in.ts'
import { queryOver } from '../catalog/support.ts'
import { changedBetween, contentsOf, type Rows } from './contents.ts'
import { sharedCluster } from './shared-cluster.ts'

/** What a statement has really changed, beside what its footprint says. */
export interface Observation {
  readonly footprint: Footprint
  /** `ok`, or the SQLSTATE of the error. */
  readonly outcome: string
  /** Relations whose contents are others than before, spelled as in SQL. */
  readonly changed: readonly string[]
  /** Of those, the ones that the footprint does not cover. */
  readonly missed: readonly string[]
  /** Reads whose answer is another than before. */
  readonly differing: readonly string[]
}

/** One database, in which writes are tried out and undone. */
export class FootprintGround {
  readonly client: Client
  readonly #parser = createLibpgQueryParser()
  #catalog: Catalog | undefined

  private constructor(config: ClientConfig) {
    this.client = new Client(config)
  }

  static async open(config: ClientConfig): Promise<FootprintGround> {
    const ground = new FootprintGround(config)
    ground.client.on('error', () => {})
    await ground.client.connect()
    await ground.#parser.load()
    return ground
  }

  /** Loads the catalog, as a pool does. */
  async look(): Promise<void> {
    const parser = this.#parser
    const { catalog } = await loadCatalog(queryOver(this.client), 1, {
      isRead: (body, known) => provesRead(parser, body, known),
      usesIn: (body) => usesIn(parser, body),
    })
    this.#catalog = catalog
  }

  footprint(sql: string): Footprint {
    if (this.#catalog === undefined) throw new Error('look() comes first')
    return decide(this.#parser.analyze(sql), this.#catalog).footprint
  }

  /** Runs a write in a transaction that is rolled back, with reads before and after it. */
  async observe(sql: string, reads: readonly string[] = []): Promise<Observation> {
    const footprint = this.footprint(sql)
    await this.client.query('BEGIN')
    try {
      const before = await contentsOf(this.#rows)
      const answers = await this.#answers(reads)
      const outcome = await this.#outcome(sql)
      const changed = changedBetween(before, await contentsOf(this.#rows))
      const missed = changed.filter(
        (relation) => !meets(footprint.changes, this.footprint(`SELECT * FROM ONLY ${relation}`).shows),
      )
      const later = await this.#answers(reads)
      const differing = reads.filter((_, index) => answers[index] !== later[index])
      return { footprint, outcome, changed, missed, differing }
    } finally {
      await this.client.query('ROLLBACK')
    }
  }

  /** Runs a write in a transaction that is rolled back, and gives those of the reads whose answers differ after it. */
  async differing(
    sql: string,
    reads: readonly string[],
  ): Promise<{ readonly outcome: string; readonly differing: readonly string[] }> {
    await this.client.query('BEGIN')
    try {
      const answers = await this.#answers(reads)
      const outcome = await this.#outcome(sql)
      const later = await this.#answers(reads)
      return { outcome, differing: reads.filter((_, index) => answers[index] !== later[index]) }
    } finally {
      await this.client.query('ROLLBACK')
    }
  }

  readonly #rows: Rows = async (sql) => (await this.client.query<object>(sql)).rows

  async #outcome(sql: string): Promise<string> {
    await this.client.query('SAVEPOINT write')
    try {
      await this.client.query(sql)
      // What waits for the end of the transaction belongs to the statement.
      await this.client.query('SET CONSTRAINTS ALL IMMEDIATE')
      return 'ok'
    } catch (error) {
      await this.client.query('ROLLBACK TO write')
      if (error instanceof DatabaseError && error.code !== undefined) return error.code
      throw error
    }
  }

  async #answers(reads: readonly string[]): Promise<readonly string[]> {
    const answers: string[] = []
    for (const read of reads) answers.push(await this.#answer(read))
    return answers
  }

  async #answer(sql: string): Promise<string> {
    try {
      const answer: unknown = await this.client.query(`SAVEPOINT read; ${sql}; RELEASE read`)
      return JSON.stringify((answer as readonly { readonly rows: unknown }[]).map(({ rows }) => rows))
    } catch (error) {
      await this.client.query('ROLLBACK TO read')
      return error instanceof DatabaseError ? `${error.code}: ${error.message}` : String(error)
    }
  }
}

/** Opens a ground for the tests of a file, with this schema. Its cluster is stopped behind them. */
export function groundForTests(schema: string): () => FootprintGround {
  let cluster: Cluster | undefined
  let ground: FootprintGround | undefined
  beforeAll(async () => {
    cluster = await sharedCluster({ replicas: 0 })
    ground = await FootprintGround.open(cluster.primary.config)
    await ground.client.query(schema)
    await ground.look()
  })
  afterAll(async () => {
    await ground?.client.end()
    await cluster?.stop()
  })
  return () => {
    if (ground === undefined) throw new Error('The tests have not begun')
    return ground
  }
}
