import type { Catalog, ReadProof } from './catalog.ts'
import { withDeclared } from './declared-catalog.ts'
import type { DeclaredName } from './declared.ts'
import { checkQuery, loadQuery, type LoadedRow } from './load-query.ts'
import { LoadedCatalog } from './loaded-catalog.ts'
import { recentCatalog } from './recent-catalog.ts'
import { recentQuery, type ChangeRow } from './recent-query.ts'
import type { BodyUses } from './routine-uses.ts'
import { countersAloneSql, shortened, type Signal } from './signal.ts'

/**
 * Runs a text of several statements on the primary and gives the rows of the last one. Sent as one text without
 * parameters they are one transaction, and take one round trip.
 */
export type CatalogQuery = (sql: string) => Promise<readonly unknown[]>

export interface Loaded {
  readonly catalog: Catalog
  readonly signal: Signal
  /** The load has seen everything that was committed before this transaction started. */
  readonly horizon?: string
  /** Time before which it was read, by the platform's clock. */
  readonly loadedAtMs?: number
  /** Functions and relations found, system ones included. */
  readonly counts: { readonly functions: number; readonly relations: number }
}

export interface LoadOptions {
  readonly declared?: readonly DeclaredName[]
  /** Proves the bodies of functions without a label. @defaultValue proves nothing */
  readonly isRead?: ReadProof
  /** Tells what functions name. @defaultValue they may touch everything */
  readonly usesIn?: BodyUses
}

export interface RefreshOptions extends LoadOptions {
  /** Compare all that was read, however little the server counted. @defaultValue false */
  readonly thoroughly?: boolean
  /** Of the catalog that may be loaded. @defaultValue one more than that of the known one */
  readonly version?: number
}

/** Asks the database about its functions and relations. Rejects with the server's error. */
export async function loadCatalog(
  query: CatalogQuery,
  version: number,
  { declared = [], isRead, usesIn }: LoadOptions = {},
): Promise<Loaded> {
  const rows = (await query(loadQuery(declared))) as readonly LoadedRow[]
  const loaded = new LoadedCatalog(version, rows, isRead, usesIn)
  const [, horizon] = JSON.parse(
    rows.find(({ object }) => object === 'signal')?.names ?? '[]',
  ) as readonly string[]
  return {
    catalog: withDeclared(loaded, declared),
    signal: loaded.signal,
    counts: loaded.counts,
    ...(horizon !== undefined && { horizon }),
  }
}

interface SignalRow {
  readonly counters: string
  /** `null` when nothing changed. */
  readonly digest: string | null
}

/** Asks a server, which may be a replica, for the digest of its schema; see `Signal`. */
export async function schemaOf(query: CatalogQuery): Promise<string | undefined> {
  const [row] = (await query(checkQuery())) as readonly SignalRow[]
  return row?.digest ? shortened(row.digest) : undefined
}

/** Asks whether the database is still what it was, and loads the catalog if it is not. */
export async function refresh(
  query: CatalogQuery,
  known: Loaded | undefined,
  { thoroughly = false, version, ...options }: RefreshOptions = {},
): Promise<Loaded> {
  if (known === undefined) return loadCatalog(query, 1, options)
  const same = await compare(query, known, thoroughly)
  return same ?? loadCatalog(query, version ?? known.catalog.version + 1, options)
}

async function countersNow(query: CatalogQuery): Promise<string | null | undefined> {
  const [row] = (await query(countersAloneSql)) as readonly Partial<Pick<SignalRow, 'counters'>>[]
  return row?.counters
}

/** Asks whether the database is still what it was: gives what is known of it then, and otherwise `undefined`. */
export async function compare(
  query: CatalogQuery,
  known: Loaded,
  thoroughly: boolean,
): Promise<Loaded | undefined> {
  const { counters } = thoroughly ? {} : known.signal
  if (counters !== undefined && counters === (await countersNow(query))) return known
  const [row] = (await query(checkQuery(counters))) as readonly SignalRow[]
  const digest = row?.digest ? shortened(row.digest) : known.signal.digest
  if (row === undefined || digest !== known.signal.digest) return undefined
  return { ...known, signal: { counters: row.counters, digest } }
}

/**
 * The catalog with what is new since it was loaded, as far as that can be told at a glance. `undefined` where all of it
 * has to be loaded. Rejects with the server's error.
 */
export async function lookAtRecent(
  query: CatalogQuery,
  { catalog, horizon }: Loaded,
  version: number,
): Promise<Catalog | undefined> {
  if (horizon === undefined) return undefined
  return recentCatalog(catalog, (await query(recentQuery(horizon))) as readonly ChangeRow[], version)
}
