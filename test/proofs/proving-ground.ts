import type { ClientConfig } from 'pg'
import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { refresh, type Loaded } from '../../src/catalog/loader.ts'
import { decide } from '../../src/statement/decide.ts'
import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import type { SqlParser } from '../../src/statement/parser.ts'
import { provesRead } from '../../src/statement/proves-read.ts'
import type { Statement } from '../../src/statement/statement.ts'
import { usesIn } from '../../src/statement/uses-in.ts'
import type { Cluster, NodeConfig, Settings } from '../../src/test-cluster/index.ts'
import { Connection, type Answer } from './connection.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

/** A statement that takes longer, or waits longer for a lock, has no answer worth having. In milliseconds. */
const patience = { statement_timeout: 20_000, lock_timeout: 3_000 }

/** What a standby does with a statement that the primary's open transaction blocks is of no interest. */
const standbyPatience = { statement_timeout: 10_000, lock_timeout: 300 }

/** A primary and its standby, and a judge that knows the catalog of the moment. */
export class ProvingGround {
  readonly parser: SqlParser
  readonly #cluster: Cluster
  readonly #catalogs: Connection
  readonly #standby: Connection
  readonly #replay: Connection
  #loaded: Loaded | undefined
  /** Whether anything ran since the catalog was looked at, and since the standby was known to have caught up. */
  #isStale = true
  #isBehind = true
  /** Whether each commit waits until the standby shows it. */
  #appliesAtCommit = false
  /** Looks at the catalog, full loads among them, and the time that they took. */
  readonly effort: { looks: number; loads: number; loadMs: number } = { looks: 0, loads: 0, loadMs: 0 }

  private constructor(cluster: Cluster, parser: SqlParser) {
    this.#cluster = cluster
    this.parser = parser
    this.#catalogs = new Connection(cluster.primary.config)
    this.#standby = new Connection({ ...cluster.replicas[0]?.config, ...standbyPatience })
    this.#replay = new Connection({ ...cluster.replicas[0]?.config })
  }

  /** @param more settings of both servers */
  static async open(more: Settings = {}): Promise<ProvingGround> {
    const parser = createLibpgQueryParser()
    await parser.load()
    const settings = {
      max_prepared_transactions: 10,
      wal_level: 'logical',
      track_commit_timestamp: 'on',
      ...more,
    }
    return new ProvingGround(await sharedCluster({ replicas: 1, settings }), parser)
  }

  /** A connection of a client to the primary. */
  client(more: ClientConfig = {}): Connection {
    return new Connection({ ...this.#cluster.primary.config, ...patience, ...more })
  }

  get primaryConfig(): NodeConfig {
    return this.#cluster.primary.config
  }

  /** A connection to the standby, which is not told when it has caught up. */
  standbyClient(more: ClientConfig = {}): Connection {
    return new Connection({ ...this.#cluster.replicas[0]?.config, ...standbyPatience, ...more })
  }

  /** To be called when anything ran on the primary that was not judged a read. */
  changed(): void {
    this.#isStale = true
    this.#isBehind = true
  }

  /** To be called when rows may have changed on the primary, and nothing that a catalog holds. */
  wrote(): void {
    this.#isBehind = true
  }

  /** Only what is a read by its form can be a read: for anything else the catalog need not be the one of the moment. */
  async judge(sql: string): Promise<Statement> {
    const analysis = this.parser.analyze(sql)
    const known = analysis.kind === 'read' ? undefined : this.#loaded?.catalog
    return decide(analysis, known ?? (await this.catalog()))
  }

  /** With the catalog of the moment, but for what is everything by its text alone. */
  async judgeWholly(sql: string): Promise<Statement> {
    const analysis = this.parser.analyze(sql)
    return decide(analysis, analysis.targets === undefined ? builtinCatalog : await this.catalog())
  }

  /** Gives the catalog that was loaded last, which may be out of date. */
  async lastCatalog(): Promise<Catalog> {
    return this.#loaded?.catalog ?? (await this.catalog())
  }

  async catalog(): Promise<Catalog> {
    if (this.#isStale || this.#loaded === undefined) {
      this.#isStale = false
      const before = this.#loaded
      const startedAt = performance.now()
      this.#loaded = await refresh((text) => this.#catalogs.rows(text), before, {
        thoroughly: true,
        isRead: (body, catalog) => provesRead(this.parser, body, catalog),
        usesIn: (body) => usesIn(this.parser, body),
      })
      this.effort.looks += 1
      if (before?.catalog !== this.#loaded.catalog) {
        this.effort.loads += 1
        this.effort.loadMs += performance.now() - startedAt
      }
    }
    return this.#loaded.catalog
  }

  /** What the standby answers to a read, once it has replayed all that the primary committed. */
  async askStandby(sql: string): Promise<Answer> {
    await this.caughtUp()
    const answer = await this.#standby.answer(sql)
    if (answer !== 'ok') await this.#standby.answer('ROLLBACK')
    return answer
  }

  /** From now on each commit waits until the standby shows it, so that nobody has to ask whether it does. */
  async applyAtCommit(): Promise<void> {
    await this.#catalogs.answer(`ALTER SYSTEM SET synchronous_commit = remote_apply`)
    await this.#catalogs.answer(`ALTER SYSTEM SET synchronous_standby_names = '*'`)
    await this.#catalogs.answer('SELECT pg_reload_conf()')
    const question = `SELECT bool_or(sync_state = 'sync') AND current_setting('synchronous_commit') = 'remote_apply' AS is_sync
      FROM pg_stat_replication`
    const isSync = async (): Promise<boolean> => {
      const [row] = await this.#catalogs.rows(question)
      return (row as { readonly is_sync: boolean }).is_sync
    }
    while (!(await isSync()));
    this.#appliesAtCommit = true
  }

  /** Waits until the standby has replayed all that the primary committed. */
  async caughtUp(): Promise<void> {
    if (!this.#isBehind || this.#appliesAtCommit) return
    await this.#replayed()
    this.#isBehind = false
  }

  async close(): Promise<void> {
    await Promise.all([this.#catalogs.close(), this.#standby.close(), this.#replay.close()])
    await this.#cluster.stop()
  }

  /** `Cluster.caughtUp` connects anew each time; this is asked thousands of times. */
  async #replayed(): Promise<void> {
    const [row] = await this.#catalogs.rows(
      `SET synchronous_commit = local; SELECT pg_logical_emit_message(true, 'proof', '')::text AS lsn;
       SELECT pg_current_wal_flush_lsn()::text AS lsn`,
    )
    const { lsn } = row as { readonly lsn: string }
    const reached = `SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS reached`
    const deadline = performance.now() + 30_000
    while (performance.now() < deadline) {
      const [answer] = await this.#replay.rows(reached)
      if ((answer as { readonly reached: boolean }).reached) return
    }
    throw new Error(`The standby did not replay up to ${lsn} within 30 seconds`)
  }
}
