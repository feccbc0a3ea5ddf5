import { isDeepStrictEqual } from 'node:util'
import type { ClientConfig } from 'pg'
import { countersAloneSql } from '../catalog/signal.ts'
import type { ProbeRow } from '../topology/probe.ts'
import { CatalogWatcher, type ReportedEvent, type WatcherOptions } from '../catalog/watcher.ts'
import type { DeclaredName } from '../catalog/declared.ts'
import { KeptConnection } from '../monitoring/kept-connection.ts'
import { ConnectionParameters } from '../platform/pg.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform } from '../platform/platform.ts'
import { provesRead } from '../statement/proves-read.ts'
import { usesIn } from '../statement/uses-in.ts'
import type { SqlParser } from '../statement/parser.ts'

/** A pool that uses a catalog. */
export interface CatalogUser {
  readonly connect: Connect
  readonly parser: SqlParser
  readonly declared: readonly DeclaredName[]
  readonly connectTimeoutMs: number
  /** The primary's server and its connection options. `undefined` while there is none. */
  primary(): CatalogSource | undefined
  /**
   * Called just before a catalog comes into force for this pool, with the time before which its schema was read, by the
   * platform's clock.
   */
  schemaChanged(loadedAtMs: number): void
  onEvent(event: ReportedEvent): void
}

/** A database as its server reports it. */
export interface SeenDatabase {
  readonly serverIdentity: string
  /** OID and name of the database, and the role. Absent if the server has not reported them. */
  readonly login?: string | undefined
}

export interface CatalogSource extends SeenDatabase {
  readonly options: ClientConfig
  /** Runs a query over the connection that watches the server. Returns its row; `undefined` when that cannot be had. */
  readonly ask: (sql: string) => Promise<ProbeRow | undefined>
}

/** A pool's handle of a shared catalog. */
export interface CatalogInUse {
  readonly watcher: CatalogWatcher
  readonly login: string | undefined
  /** Whether it belongs to this database on this server. */
  isOf(seen: SeenDatabase): boolean
  /**
   * Reports a statement of this process that changed the schema: this catalog and those of other roles are outdated.
   * @param isCertain False for a statement that runs code or text that is not analyzed.
   */
  ddlPassed(isCertain: boolean): void
  /**
   * Releases the handle. Resolves when the last pool's connection is closed. A running query may take another second,
   * so that short-lived pools do not all repeat it.
   */
  leave(user: CatalogUser): Promise<void>
}

/** Key of a shared catalog: pools share one when all of this is equal. */
interface Key {
  /** The server, until its next restart. */
  readonly serverIdentity: string
  readonly login: string | undefined
  readonly database: string | undefined
  readonly user: string | undefined
  /** Startup options of the connection, which may set a role. */
  readonly options: string | undefined
  readonly connect: Connect
  readonly parser: SqlParser
  readonly declared: readonly DeclaredName[]
}

/** Maximum number of unused catalogs to keep, since the next pool often starts soon. */
const MOST_UNUSED = 8
/** How long the end of a pool waits for a running query, in milliseconds. */
const LAST_ANSWER_MS = 1_000

/** Timeout of a load, after which its connection is closed, in milliseconds. */
const ANSWER_TIMEOUT_MS = 70_000

/** The catalogs of one process: one for each server, database and role, shared by all pools. */
export class SharedCatalogs {
  readonly #platform: Platform
  readonly #catalogs: SharedCatalog[] = []

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /**
   * Returns the catalog for the pool's primary. `undefined` without a primary.
   *
   * @param former The pool's previous catalog. A database of the same OID on a new primary is assumed to be the same
   * until it has been compared.
   */
  join(user: CatalogUser, former?: CatalogInUse): CatalogInUse | undefined {
    const source = user.primary()
    if (source === undefined) return undefined
    const key = keyOf(user, source)
    const same = former?.login === key.login ? former : undefined
    const catalog = this.#catalogs.find((each) => each.is(key)) ?? this.#open(key, user, same?.watcher)
    // Keeps the map in LRU order.
    this.#catalogs.splice(this.#catalogs.indexOf(catalog), 1)
    this.#catalogs.push(catalog)
    catalog.enter(user)
    return catalog
  }

  #open(key: Key, user: CatalogUser, former: CatalogWatcher | undefined): SharedCatalog {
    const unused = this.#catalogs.filter(({ isUsed }) => !isUsed)
    for (const catalog of unused.slice(0, Math.max(0, unused.length + 1 - MOST_UNUSED))) {
      this.#catalogs.splice(this.#catalogs.indexOf(catalog), 1)
    }
    const changed: CatalogParts['changed'] = (database, isCertain) => {
      for (const each of this.#catalogs) if (each.isOfDatabase(database)) each.watcher.ddlPassed(isCertain)
    }
    const catalog = new SharedCatalog({ key, user, platform: this.#platform, former, changed })
    this.#catalogs.push(catalog)
    return catalog
  }
}

interface CatalogParts {
  readonly key: Key
  readonly user: Pick<CatalogUser, 'declared' | 'parser'>
  readonly platform: Platform
  readonly former: CatalogWatcher | undefined
  /** Reports that a database was changed by this process, or may have been. */
  readonly changed: (database: Pick<Key, 'serverIdentity' | 'database'>, isCertain: boolean) => void
}

/** One catalog and the pools that use it. It is loaded over one connection of one of them. */
class SharedCatalog implements CatalogInUse {
  readonly watcher: CatalogWatcher
  readonly #key: Key
  readonly #platform: Platform
  readonly #changed: CatalogParts['changed']
  readonly #users = new Set<CatalogUser>()
  #connection: KeptConnection | undefined

  constructor({ changed, former, key, platform, user: { declared, parser } }: CatalogParts) {
    this.#key = key
    this.#platform = platform
    this.#changed = changed
    const options: WatcherOptions = {
      query: (sql) => this.#ask(sql),
      platform,
      declared,
      isRead: (body, catalog) => provesRead(parser, body, catalog),
      usesIn: (body) => usesIn(parser, body),
      former,
      onEvent: (event) => {
        for (const user of this.#users) {
          if (event.type === 'schema-changed') user.schemaChanged(event.loadedAtMs)
          else user.onEvent(event)
        }
      },
    }
    this.watcher = new CatalogWatcher(options)
  }

  get isUsed(): boolean {
    return this.#users.size > 0
  }

  is(key: Key): boolean {
    const { declared, ...rest } = key
    const { declared: ownDeclared, ...own } = this.#key
    const names = Object.keys(rest) as (keyof typeof rest)[]
    return names.every((name) => rest[name] === own[name]) && isDeepStrictEqual(declared, ownDeclared)
  }

  get login(): string | undefined {
    return this.#key.login
  }

  isOf({ login, serverIdentity }: SeenDatabase): boolean {
    return this.#key.serverIdentity === serverIdentity && this.#key.login === login
  }

  /** Compares the databases, regardless of the role. */
  isOfDatabase({ serverIdentity, database }: Pick<Key, 'serverIdentity' | 'database'>): boolean {
    return this.#key.serverIdentity === serverIdentity && this.#key.database === database
  }

  ddlPassed(isCertain: boolean): void {
    this.#changed(this.#key, isCertain)
  }

  enter(user: CatalogUser): void {
    this.#users.add(user)
    const { known } = this.watcher
    if (known !== undefined) user.schemaChanged(known.loadedAtMs ?? this.#platform.now())
  }

  async leave(user: CatalogUser): Promise<void> {
    this.#users.delete(user)
    if (this.isUsed) return
    this.watcher.pause()
    const connection = this.#connection
    if (connection === undefined) return
    const release = this.#platform.holdOpen()
    await new Promise<void>((resolve) => {
      const timer = this.#platform.schedule(LAST_ANSWER_MS, resolve)
      void this.watcher.settled().then(() => {
        timer.cancel()
        resolve()
      })
    })
    release()
    if (this.isUsed) return
    this.#connection = undefined
    connection.close()
  }

  async #ask(sql: string): Promise<readonly unknown[]> {
    const [user, source] = this.#someone()
    // Asked every second, which is too often for a connection that is opened on demand.
    const row = sql === countersAloneSql ? await source.ask(sql) : undefined
    if (row !== undefined) return [{ counters: row[0] }]
    this.#connection ??= new KeptConnection(
      user.connect,
      this.#platform,
      user.connectTimeoutMs,
      ANSWER_TIMEOUT_MS,
    )
    try {
      return await this.#connection.rows(source.options, sql)
    } catch (error) {
      // The failure may be caused by this pool's connection options, so the next query uses another pool's.
      if (this.#users.delete(user)) this.#users.add(user)
      throw error
    }
  }

  #someone(): readonly [CatalogUser, CatalogSource] {
    for (const user of this.#users) {
      const source = user.primary()
      if (source !== undefined && this.isOf(source)) return [user, source]
    }
    throw new Error('No pool sees the primary that the catalog belongs to')
  }
}

function keyOf(
  { connect, declared, parser }: CatalogUser,
  { serverIdentity, login, options }: CatalogSource,
): Key {
  // Missing options come from the environment, which may change between pools.
  const { database, user, options: settings } = new ConnectionParameters(options)
  return { serverIdentity, login, database, user, options: settings, connect, parser, declared }
}
