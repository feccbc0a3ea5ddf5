import type { ClusterNode } from '../../src/test-cluster/index.ts'
import { ask, until } from './servers.ts'

/** The server's own word may come late: a backend that stays idle tells after ten seconds. */
const PATIENCE_MS = 20_000

/** What a server says was done to a table there. */
export interface TableActivity {
  /** Scans that read it, by index or not. */
  readonly scans: number
  /** Rows that were inserted, updated or deleted. */
  readonly changes: number
}

/** Counted by the server itself, of the server itself. Backends tell when they end, or some time later. */
export async function tableActivity({ config }: ClusterNode, table: string): Promise<TableActivity> {
  const [row] = await ask(
    config,
    `select sum(seq_scan + coalesce(idx_scan, 0))::int as scans,
            sum(n_tup_ins + n_tup_upd + n_tup_del)::int as changes
     from pg_stat_user_tables where relid = to_regclass($1)`,
    [table],
  )
  return { scans: Number(row?.['scans'] ?? 0), changes: Number(row?.['changes'] ?? 0) }
}

/** Sums over several servers, once the sum is at least `scans`. */
export async function scansOf(nodes: readonly ClusterNode[], table: string, scans: number): Promise<number> {
  let sum = 0
  const areTold = async (): Promise<boolean> => {
    const each = await Promise.all(nodes.map((node) => tableActivity(node, table)))
    sum = each.reduce((total, { scans: more }) => total + more, 0)
    return sum >= scans
  }
  await until(`${scans} scans of ${table} are told`, areTold, PATIENCE_MS)
  return sum
}
