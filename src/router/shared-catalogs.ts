import { isDeepStrictEqual } from 'node:util'
import type { ClientConfig } from 'pg'
import { CatalogWatcher, type CatalogEvent, type WatcherOptions } from '../catalog/watcher.ts'
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
  /** The server that is the primary, and how it is reached. `undefined` while there is none. */
  primary(): CatalogSource | undefined
  onEvent(event: CatalogEvent): void
}

export interface CatalogSource {
  readonly serverIdentity: string
  /** The database and the role, as the server names them. Absent where it has not said so. */
  readonly login?: string | undefined
  readonly options: ClientConfig
}

/** A catalog, as a pool has it. */
export interface CatalogInUse {
  readonly watcher: CatalogWatcher
  /** True while it belongs to this server. */
  isOf(serverIdentity: string): boolean
  /** A statement of this process may have changed the database: this catalog and those of other roles are behind. */
  ddlPassed(): void
  /**
   * The pool uses it no more. Resolves when no connection is left on behalf of the last pool: what it had asked is still
   * heard for a second, so that pools that come and go do not all ask it.
   */
  leave(user: CatalogUser): Promise<void>
}

/** What has to be equal where a catalog is shared. */
interface Key {
  /** The server that is asked, in this life of it. */
  readonly serverIdentity: string
  readonly login: string | undefined
  readonly database: string | undefined
  readonly user: string | undefined
  /** Settings that the connection begins with: one of them may be a role. */
  readonly options: string | undefined
  readonly connect: Connect
  readonly parser: SqlParser
  readonly declared: readonly DeclaredName[]
}

/** How many catalogs are kept that nobody uses: the next pool often comes soon. */
const MOST_UNUSED = 8
/** How long the end of a pool waits for a question under way, in milliseconds. */
const LAST_ANSWER_MS = 1_000

/** A connection without an answer for longer than a load may take is closed, in milliseconds. */
const ANSWER_TIMEOUT_MS = 70_000

/** The catalogs of one process: one for each server, database and role, whatever the number of pools. */
export class SharedCatalogs {
  readonly #platform: Platform
  readonly #catalogs: SharedCatalog[] = []

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /**
   * The catalog for the primary that this pool sees. `undefined` while it sees none.
   *
   * @param former What the pool used until now. The database behind the new primary is taken for the same until it was
   *   compared.
   */
  join(user: CatalogUser, former?: CatalogInUse): CatalogInUse | undefined {
    const source = user.primary()
    if (source === undefined) return undefined
    const key = keyOf(user, source)
    const catalog = this.#catalogs.find((each) => each.is(key)) ?? this.#open(key, user, former?.watcher)
    // The last one used is the last one to be forgotten.
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
    const changed = (database: Pick<Key, 'serverIdentity' | 'database'>): void => {
      for (const each of this.#catalogs) if (each.isOfDatabase(database)) each.watcher.ddlPassed()
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
  /** Told of a database that was changed through this process. */
  readonly changed: (database: Pick<Key, 'serverIdentity' | 'database'>) => void
}

/** One catalog and the pools that use it. The database is asked on behalf of one of them, over one connection. */
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
        for (const user of this.#users) user.onEvent(event)
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

  isOf(serverIdentity: string): boolean {
    return this.#key.serverIdentity === serverIdentity
  }

  /** True whichever role it was loaded by. */
  isOfDatabase({ serverIdentity, database }: Pick<Key, 'serverIdentity' | 'database'>): boolean {
    return this.isOf(serverIdentity) && this.#key.database === database
  }

  ddlPassed(): void {
    this.#changed(this.#key)
  }

  enter(user: CatalogUser): void {
    this.#users.add(user)
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
    this.#connection ??= new KeptConnection(
      user.connect,
      this.#platform,
      user.connectTimeoutMs,
      ANSWER_TIMEOUT_MS,
    )
    try {
      return await this.#connection.rows(source.options, sql)
    } catch (error) {
      // It may be due to the way that this pool reaches the server: the next question is another one's.
      if (this.#users.delete(user)) this.#users.add(user)
      throw error
    }
  }

  #someone(): readonly [CatalogUser, CatalogSource] {
    for (const user of this.#users) {
      const source = user.primary()
      if (source !== undefined && this.isOf(source.serverIdentity)) return [user, source]
    }
    throw new Error('No pool sees the primary that the catalog belongs to')
  }
}

function keyOf(
  { connect, declared, parser }: CatalogUser,
  { serverIdentity, login, options }: CatalogSource,
): Key {
  // What is not given comes from the environment, and may differ from pool to pool.
  const { database, user, options: settings } = new ConnectionParameters(options)
  return { serverIdentity, login, database, user, options: settings, connect, parser, declared }
}
