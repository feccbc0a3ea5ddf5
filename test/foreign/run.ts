import type { Catalog } from '../../src/catalog/catalog.ts'
import { decide } from '../../src/statement/decide.ts'
import { createJudge } from '../../src/statement/caching-judge.ts'
import type { Judge } from '../../src/statement/judge.ts'
import type { Statement } from '../../src/statement/statement.ts'
import { refusals } from '../corpus/score.ts'
import type { Answer, Connection } from '../proofs/connection.ts'
import type { ProvingGround } from '../proofs/proving-ground.ts'
import type { ForeignScript, ForeignStatement } from './extract/script.ts'
import { omissionOf, type Omission } from './left-out.ts'
import { changesBetween, stateOf, type State } from './session-state.ts'
import { Standby } from './standby.ts'

/** What both servers answered to a statement, and how it was judged right before. */
export interface Row {
  readonly file: string
  readonly sql: string
  readonly primary: Answer
  /** The answer over a connection without state but with the search path of the script, right before the primary ran it. */
  readonly standby: Answer
  readonly kind: Statement['kind']
  readonly reason: Statement['reason']
  readonly offender?: string
  /** What a statement that was judged a read has changed all the same. */
  readonly changed?: readonly string[]
  /** The judge with its caches said something else. */
  readonly cached?: Statement['kind']
}

/** WAL that a read moves this often in a row comes from the read: hint bits and pruning happen once. */
const REPEATS = 3

/** So many reads are judged with one catalog, unless it does not know a name, or a judgement would be dangerous. */
const OLDEST_CATALOG = 25

const unsettled: ReadonlySet<Statement['reason']> = new Set([
  'catalog-pending',
  'function-unknown',
  'relation-unknown',
] as const)

/** Runs scripts of one project, each over its own connection and in its own schema. */
export class Runner {
  readonly #ground: ProvingGround
  readonly #standby: Standby
  readonly #admin: Connection
  readonly #judge: Judge
  readonly omitted: Map<Omission, number> = new Map()
  #catalog: Catalog | undefined
  #scripts = 0
  #readsSinceLook = 0
  /** The state of the connection, while only reads have run since it was asked for. */
  #state: State | undefined

  static async open(ground: ProvingGround): Promise<Runner> {
    await ground.applyAtCommit()
    return new Runner(ground)
  }

  private constructor(ground: ProvingGround) {
    this.#ground = ground
    this.#standby = new Standby(ground)
    this.#admin = ground.client()
    this.#judge = createJudge({
      parser: ground.parser,
      catalog: () => this.#catalog as Catalog,
      cacheBytes: 4_000_000,
      maxSqlBytes: 1_000_000,
    })
  }

  /** @param isShared whether it makes what later scripts use */
  async run(
    { file, statements }: ForeignScript,
    isShared: boolean,
    onRow: (row: Row) => void,
  ): Promise<void> {
    const client = this.#ground.client({ statement_timeout: 5_000, lock_timeout: 1_000 })
    const schema = `foreign_${this.#scripts++}`
    if (!isShared) {
      await this.#admin.answer(`CREATE SCHEMA ${schema}`)
      await client.answer(`SET search_path = ${schema}, public`)
    }
    this.#ground.changed()
    this.#state = undefined
    this.#standby.setSearchPath(isShared ? 'public' : `${schema}, public`)
    for (const statement of statements) {
      const omission = omissionOf(statement)
      if (omission === undefined) onRow(await this.#runOne(client, file, statement))
      else this.omitted.set(omission, (this.omitted.get(omission) ?? 0) + 1)
    }
    await client.close()
    if (!isShared) await this.#admin.answer(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
  }

  async close(): Promise<void> {
    await Promise.all([this.#standby.close(), this.#admin.close()])
  }

  async #runOne(client: Connection, file: string, { sql, parameters }: ForeignStatement): Promise<Row> {
    const values = parameters === undefined ? undefined : Array.from({ length: parameters }, () => null)
    const analysis = this.#ground.parser.analyze(sql)
    const isReadByForm = analysis.kind === 'read'
    let statement = decide(analysis, await this.#ground.lastCatalog())
    await this.#ground.caughtUp()
    const standby = await this.#standby.answer(sql, values, statement.kind === 'read')
    const before = isReadByForm ? (this.#state ?? (await stateOf(client))) : undefined
    const primary = await client.answer(sql, values)
    const changed =
      before !== undefined && primary === 'ok' ? await this.#changes(client, sql, values, before) : []
    const isSuspect = statement.kind === 'read' && (refusals.has(standby) || changed.length > 0)
    if (isReadByForm && primary === 'ok' && (isSuspect || this.#isOutdated(statement))) {
      this.#readsSinceLook = 0
      statement = decide(analysis, await this.#ground.catalog())
    }
    const cached = await this.#cachedKind(sql, statement)
    if (statement.kind !== 'read') await this.#noteChange(client, statement, primary)
    const { kind, reason, offender } = statement
    return {
      file,
      sql,
      primary,
      standby,
      kind,
      reason,
      ...(offender && { offender: offender.text }),
      ...(changed.length > 0 && { changed }),
      ...(cached !== kind && { cached }),
    }
  }

  /** Whether the catalog of the moment may say something else: it does not know a name, or is old. */
  #isOutdated({ reason }: Statement): boolean {
    this.#readsSinceLook += 1
    return unsettled.has(reason) || this.#readsSinceLook >= OLDEST_CATALOG
  }

  async #cachedKind(sql: string, { kind, reason }: Statement): Promise<Statement['kind']> {
    this.#catalog = await this.#ground.lastCatalog()
    if (!this.#judge.ready) await this.#judge.load()
    const cached = this.#judge.judge(sql)
    return cached.reason === 'too-large' || reason === 'too-large' ? kind : cached.kind
  }

  async #changes(
    client: Connection,
    sql: string,
    values: readonly unknown[] | undefined,
    before: State,
  ): Promise<readonly string[]> {
    const after = await stateOf(client)
    this.#state = after
    if (after === undefined) return []
    const changed = changesBetween(before, after)
    if (changed.length > 0) return changed
    let last = before
    let next: State | undefined = after
    for (let repeat = 0; next !== undefined && last['wal'] !== next['wal']; repeat++) {
      if (repeat === REPEATS) return ['WAL']
      last = next
      await client.answer(sql, values)
      next = await stateOf(client)
    }
    this.#state = next
    return []
  }

  async #noteChange(client: Connection, { reason, multiple }: Statement, primary: Answer): Promise<void> {
    this.#state = undefined
    const isOnlyRows =
      reason === 'data-modifying' || reason === 'data-modifying-cte' || reason === 'copy-from'
    const isOfSession = ['set', 'begin', 'savepoint', 'prepare', 'deallocate', 'cursor', 'show'].includes(
      reason,
    )
    const mayHaveStayed = primary === 'ok' || multiple || reason === 'call' || reason === 'do'
    if (!mayHaveStayed) return
    if (multiple || !(isOnlyRows || isOfSession)) this.#ground.changed()
    else if (isOnlyRows) this.#ground.wrote()
    if (multiple || !(isOnlyRows || reason === 'ddl')) await this.#standby.follow(client)
  }
}
