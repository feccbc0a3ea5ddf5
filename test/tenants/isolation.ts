import type { Pool } from '../../src/index.ts'
import { ask } from '../support/servers.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'

export interface IsolationOptions {
  /** Number of reads in all. */
  readonly reads: number
  readonly callers: number
  readonly tenants: number
  /** How often a connection is killed, in milliseconds. */
  readonly killEveryMs: number
  /** @defaultValue 'sessions' */
  readonly by?: 'sessions' | 'set on a client, and left there'
}

export interface IsolationFigures {
  /** Reads that were answered. */
  readonly reads: number
  /** Rows of another tenant, or rows without a tenant. */
  readonly foreignRows: number
  /** Answers of a tenant without its own rows. */
  readonly missing: number
  /** Reads without a tenant that did not find NULL and the role of the connection. */
  readonly leftBehind: number
  readonly errors: number
  readonly unexpectedErrors: readonly string[]
  readonly killed: number
  /** Share of the reads that a replica answered, 0 to 1. */
  readonly offThePrimary: number
  readonly seconds: number
}

const ROWS = 3

/** Rows of tenants, visible to their tenant alone. */
export function tenantRows(tenants: number): string {
  return `create role tenant_user;
    create table kept (id serial primary key, tenant int not null, note text);
    create index on kept (tenant);
    insert into kept (tenant, note) select t, 'note' from generate_series(1, ${tenants}) t, generate_series(1, ${ROWS});
    alter table kept enable row level security;
    create policy own on kept to tenant_user using (tenant = current_setting('app.tenant', true)::int);
    grant all on kept to tenant_user; grant usage on sequence kept_id_seq to tenant_user`
}

/** Statements of a tenant. Those that fail must leave nothing behind. */
const READS: readonly string[] = [
  'select tenant from kept',
  'select tenant from kept where id > $1',
  'select tenant, count(*) over () from kept where note = $1::text',
]
const FAILING: readonly string[] = [
  'select 1/0',
  'select tenant from nowhere',
  "select 'x'::int",
  'insert into kept (id, tenant) values (1, -1)',
]

/** Lets callers read as tenants and without one, while connections are killed and statements fail. */
export async function isolationRun(
  pool: Pool,
  cluster: Cluster,
  { by = 'sessions', callers, killEveryMs, reads, tenants }: IsolationOptions,
): Promise<IsolationFigures> {
  const found = { reads: 0, foreignRows: 0, missing: 0, leftBehind: 0, errors: 0, killed: 0 }
  const unexpected = new Set<string>()
  const beganAt = performance.now()
  const before = pool.stats()
  let left = reads

  const look = async (tenant: number, query: Pool['query'], i: number): Promise<void> => {
    const text = READS[i % READS.length] ?? ''
    const values = text.includes('::text') ? ['note'] : text.includes('$1') ? [0] : []
    const { rows } = await query<{ tenant: number }>(text, values)
    const foreign = rows.filter((row) => row.tenant !== tenant).length
    found.foreignRows += foreign
    if (rows.length - foreign !== ROWS) found.missing += 1
  }
  const asTenant = async (tenant: number, i: number): Promise<void> => {
    if (by !== 'sessions') {
      const client = await pool.connect()
      try {
        await client.query(`set app.tenant = '${tenant}'`)
        await client.query('set role tenant_user')
        await look(tenant, client.query.bind(client), i)
      } finally {
        client.release()
      }
      return
    }
    const session = { settings: { 'app.tenant': tenant }, role: 'tenant_user' }
    await pool.withSession(session, async () => {
      if (i % 29 === 0) await pool.query(FAILING[i % FAILING.length] ?? '').catch(() => {})
      if (i % 11 === 0) return pool.transaction((client) => look(tenant, client.query.bind(client), i))
      return look(tenant, pool.query.bind(pool), i)
    })
  }
  const asNobody = async (i: number): Promise<void> => {
    const text =
      "select current_setting('app.tenant', true) as tenant, current_user <> session_user as is_other"
    const { rows } = await pool.query<{ tenant: string | null; is_other: boolean }>({
      text,
      ...(i % 2 === 0 ? { route: 'primary' as const } : {}),
    })
    if (rows[0]?.tenant !== null || rows[0].is_other) found.leftBehind += 1
  }
  const caller = async (): Promise<void> => {
    while (left > 0) {
      const i = left--
      try {
        await (i % 10 === 0 ? asNobody(i / 10) : asTenant(1 + (i % tenants), i))
        found.reads += 1
      } catch (error) {
        found.errors += 1
        if (!isOfKill(error)) unexpected.add(String(error))
      }
    }
  }
  let isOver = false
  const killing = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, killEveryMs))
      const nodes = [cluster.primary, ...cluster.replicas]
      const node = nodes[found.killed % nodes.length] ?? cluster.primary
      const sql = `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'tenants' and state is not null order by random() limit 1`
      await ask(node.config, sql)
      found.killed += 1
    }
  })()
  await Promise.all(Array.from({ length: callers }, caller))
  isOver = true
  await killing
  const after = pool.stats()
  const readsOf = (stats: typeof after, role?: string): number =>
    stats.nodes
      .filter((node) => role === undefined || node.role === role)
      .reduce((sum, node) => sum + node.reads, 0)
  const all = readsOf(after) - readsOf(before)
  return {
    ...found,
    unexpectedErrors: [...unexpected],
    offThePrimary: all === 0 ? 0 : (readsOf(after, 'replica') - readsOf(before, 'replica')) / all,
    seconds: Math.round((performance.now() - beganAt) / 100) / 10,
  }
}

/** Whether a read has failed because its connection was killed. */
function isOfKill(error: unknown): boolean {
  const { code, message } = error as { readonly code?: string; readonly message: string }
  return code === '57P01' || /terminat|ECONNRESET|connection/i.test(message)
}
