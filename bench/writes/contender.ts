import { Pool as PgPool } from 'pg'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../../test/support/routed-pool.ts'
import { ask } from '../../test/support/servers.ts'
import { ROWS, TABLES, tableOf, type Row } from './ground.ts'
import { Ended, processKnowledge, sessionKnowledge, type Knowledge } from './knowledge.ts'

/**
 * - `bare`: `pg.Pool` on the primary.
 * - `causal`: this library's pool with its defaults.
 * - `eventual`: the same pool with `consistency: 'eventual'`.
 * - `unwritten`: the default pool beside the same writes, which a bare pool makes: none of its sessions ever writes.
 */
export type ContenderName = 'bare' | 'causal' | 'eventual' | 'unwritten'

const NAMES: readonly ContenderName[] = ['bare', 'causal', 'eventual', 'unwritten']

const READS = Array.from({ length: TABLES + 1 }, (_, n) => `select version from table_${n} where id = $1`)
const WRITES = Array.from(
  { length: TABLES + 1 },
  (_, n) => `update table_${n} set version = version + 1 where id = $1`,
)
// Long enough for no connection to be taken twice.
const OPENING = 'select count(*) from generate_series(1, 20000)'

/** Counters of a contender. They only grow. */
export interface Tally {
  readonly reads: number
  readonly readsOfPrimary: number
  readonly staleReads: number
}

/** A pool that is measured, with rows that only it writes. */
export class Contender {
  readonly name: ContenderName
  readonly #reader: PgPool
  readonly #writer: PgPool
  readonly #routed: Pool | undefined
  readonly #firstId: number
  readonly #ended: Ended
  readonly #process: Knowledge
  #reads = 0
  #staleReads = 0

  private constructor(
    name: ContenderName,
    pools: { readonly bare: PgPool | undefined; readonly routed: Pool | undefined },
    versions: readonly number[],
  ) {
    const { bare, routed } = pools
    const [reader, writer] = [routed ?? bare, bare ?? routed]
    if (reader === undefined || writer === undefined) throw new TypeError('A contender needs a pool')
    this.name = name
    this.#reader = reader
    this.#writer = writer
    this.#routed = routed
    this.#firstId = firstIdOf(name)
    this.#ended = new Ended(versions)
    this.#process = processKnowledge(this.#ended)
  }

  /**
   * Opens its pools, with `max` connections to each server. Resolves when all are open and replicas may serve reads.
   */
  static async open(cluster: Cluster, name: ContenderName, max: number): Promise<Contender> {
    const { config } = cluster.primary
    const bare = name === 'bare' || name === 'unwritten' ? new PgPool({ ...config, max }) : undefined
    const consistency = name === 'eventual' ? 'eventual' : 'causal'
    const routed = name === 'bare' ? undefined : poolOver(cluster, { max, consistency })
    const several = Array.from({ length: 2 * max })
    if (bare !== undefined) await Promise.all(several.map(() => bare.query(OPENING)))
    if (routed !== undefined) {
      await replicasReady(routed)
      for (const route of ['replica', 'primary'] as const) {
        const each = cluster.nodes.length * max
        await Promise.all(Array.from({ length: each }, () => routed.query({ text: OPENING, route })))
      }
    }
    const versions = await versionsOf(cluster, firstIdOf(name))
    return new Contender(name, { bare, routed }, versions)
  }

  /** Runs a request, in a session of its own or outside of any. */
  request<T>(isSession: boolean, work: (knowledge: Knowledge) => Promise<T>): Promise<T> {
    if (!isSession) return work(this.#process)
    const knowledge = sessionKnowledge()
    return this.#routed === undefined ? work(knowledge) : this.#routed.withSession(() => work(knowledge))
  }

  async read(row: Row, knowledge: Knowledge): Promise<void> {
    const expected = knowledge.expected(row)
    const { rows } = await this.#reader.query<{ version: number }>(READS[tableOf(row)] ?? '', [this.#id(row)])
    const version = rows[0]?.version ?? -1
    this.#reads += 1
    if (version < expected) this.#staleReads += 1
    knowledge.showed(row, version)
  }

  async write(row: Row, knowledge: Knowledge): Promise<void> {
    const before = this.#ended.of(row)
    await this.#writer.query(WRITES[tableOf(row)] ?? '', [this.#id(row)])
    this.#ended.add(row)
    // The rows of `unwritten` are written by another pool, whose writes its sessions need not show.
    if (this.name !== 'unwritten') knowledge.wrote(row, before + 1)
  }

  tally(): Tally {
    const primary = this.#routed?.stats().nodes.find(({ role }) => role === 'primary')
    return {
      reads: this.#reads,
      readsOfPrimary: this.#routed === undefined ? this.#reads : (primary?.reads ?? 0),
      staleReads: this.#staleReads,
    }
  }

  async close(): Promise<void> {
    await this.#reader.end()
    if (this.#writer !== this.#reader) await this.#writer.end()
  }

  #id(row: Row): number {
    return this.#firstId + (row % ROWS)
  }
}

function firstIdOf(name: ContenderName): number {
  return 1 + NAMES.indexOf(name) * ROWS
}

/** Returns the versions of a contender's rows, table after table. */
async function versionsOf(cluster: Cluster, firstId: number): Promise<readonly number[]> {
  const versions: number[] = []
  for (let table = 1; table <= TABLES; table++) {
    const sql = `select version from table_${table} where id between $1 and $2 order by id`
    const rows = await ask(cluster.primary.config, sql, [firstId, firstId + ROWS - 1])
    for (const { version } of rows) versions.push(Number(version))
  }
  return versions
}
