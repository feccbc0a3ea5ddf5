import type { Cluster, ClusterOptions } from '../../src/test-cluster/index.ts'
import { ask } from './servers.ts'
import { sharedCluster } from './shared-cluster.ts'

/** Functions that managed services refuse, with their arguments. */
const SIGNATURES = {
  pg_is_in_recovery: '()',
  pg_control_system: '()',
  pg_control_checkpoint: '()',
  pg_control_recovery: '()',
  pg_postmaster_start_time: '()',
  pg_stat_get_wal_receiver: '()',
  pg_last_wal_replay_lsn: '()',
  pg_last_wal_receive_lsn: '()',
  pg_current_wal_flush_lsn: '()',
  pg_current_wal_lsn: '()',
  pg_current_wal_insert_lsn: '()',
  pg_walfile_name: '(pg_lsn)',
} as const

export type RefusedFunction = keyof typeof SIGNATURES

export const REFUSABLE = Object.keys(SIGNATURES) as readonly RefusedFunction[]

/** How a function is refused: by an error that it raises, by a missing privilege, or because it does not exist. */
export type Refusal = 'raises' | 'denied' | 'missing'

const HIDDEN = 'hidden_'

/** Starts a cluster whose functions can be replaced. A role without rights, `app`, owns the table `items`. */
export async function startPoorCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const settings = { allow_system_table_mods: 'on', ...options.settings }
  const cluster = await sharedCluster({ replicas: 2, ...options, settings })
  const sql = `create role app login password 'secret';
    create table items (id int primary key, n int);
    insert into items select g, 0 from generate_series(1, 100) g;
    alter table items owner to app;
    grant create on schema public to app;
    create table marks (mark text);
    create table statuses (server_id text, session_id text, replica_lag_in_msec float8, last_update_timestamp timestamptz)`
  try {
    await ask(cluster.primary.config, sql)
    await cluster.caughtUp()
    return cluster
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

/** Makes these functions refused, and every other one as it is in PostgreSQL. Resolves when all servers show it. */
export async function refuse(
  cluster: Cluster,
  functions: readonly RefusedFunction[],
  refusal: Refusal = 'raises',
): Promise<void> {
  const statements = REFUSABLE.map((name) => restored(name))
  for (const name of functions) statements.push(refused(name, refusal))
  await ask(cluster.primary.config, `begin; ${statements.join(';')}; commit`)
  await untilReplayed(cluster)
}

function restored(name: RefusedFunction): string {
  const signature = SIGNATURES[name]
  return `do $do$ begin
    if exists (select from pg_catalog.pg_proc where proname = '${HIDDEN}${name}') then
      drop function if exists pg_catalog.${name}${signature};
      alter function pg_catalog.${HIDDEN}${name}${signature} rename to ${name};
    end if;
    grant execute on function pg_catalog.${name}${signature} to public;
  end $do$`
}

function refused(name: RefusedFunction, refusal: Refusal): string {
  const signature = SIGNATURES[name]
  if (refusal === 'denied') return `revoke execute on function pg_catalog.${name}${signature} from public`
  const hide = `alter function pg_catalog.${name}${signature} rename to ${HIDDEN}${name}`
  if (refusal === 'missing') return hide
  return `${hide};
    do $do$ begin execute (select format(
      'create function pg_catalog.${name}(%s) returns %s language plpgsql as %L',
      pg_get_function_arguments(oid), pg_get_function_result(oid),
      'begin raise exception using errcode = ''0A000'', message = ''Function ${name}() is currently not supported''; end'
    ) from pg_proc where proname = '${HIDDEN}${name}'); end $do$`
}

/** What `aurora_replica_status()` tells of the instances, and who they are. */
export interface Statuses {
  /** Whether each instance tells its name by `aurora_db_instance_identifier()`. @defaultValue true */
  readonly tellsInstance?: boolean
  /** The instances that it lists. @defaultValue all nodes */
  readonly listed?: readonly string[]
  /** Lag that the readers state, in milliseconds. @defaultValue 5 */
  readonly lagMs?: number
}

/**
 * Gives every server an `aurora_replica_status()` with a row for each of them, named by its `cluster_name`, and an
 * `aurora_db_instance_identifier()`.
 */
export async function tellStatus(cluster: Cluster, statuses: Statuses = {}): Promise<void> {
  const { tellsInstance = true } = statuses
  await ask(
    cluster.primary.config,
    `begin;
    create or replace function pg_catalog.aurora_replica_status() returns setof public.statuses
      language sql stable security definer as
      $$ select server_id, session_id, replica_lag_in_msec,
        case when server_id <> current_setting('cluster_name') then clock_timestamp() - interval '0.5 s' end
        from public.statuses $$;
    drop function if exists pg_catalog.aurora_db_instance_identifier();
    ${
      tellsInstance
        ? `create function pg_catalog.aurora_db_instance_identifier() returns text language sql stable as
      $$ select current_setting('cluster_name') $$;`
        : ''
    }
    commit`,
  )
  await listStatus(cluster, statuses)
}

/** Changes the rows of `aurora_replica_status()`, and leaves the schema as it is. */
export async function listStatus(cluster: Cluster, { lagMs = 5, listed }: Statuses): Promise<void> {
  const nodes = cluster.nodes.filter(({ name }) => listed?.includes(name) ?? true)
  const rows = nodes.map((node) =>
    node === cluster.primary
      ? `('${node.name}', 'MASTER_SESSION_ID', null, now())`
      : `('${node.name}', 'e7a9f0de-0000-4000-8000-00000000000${node.name.slice(-1)}', ${lagMs}, now())`,
  )
  await ask(
    cluster.primary.config,
    `begin; delete from statuses; insert into statuses values ${rows.join(', ')}; commit`,
  )
  await untilReplayed(cluster)
}

/** Takes `aurora_replica_status()` away again. */
export async function tellNoStatus(cluster: Cluster): Promise<void> {
  await ask(
    cluster.primary.config,
    `begin;
    drop function if exists pg_catalog.aurora_replica_status();
    drop function if exists pg_catalog.aurora_db_instance_identifier();
    commit`,
  )
  await untilReplayed(cluster)
}

/** Waits by means of the data alone, since any function may be refused. */
async function untilReplayed(cluster: Cluster): Promise<void> {
  const mark = String(Date.now() + Math.random())
  await ask(cluster.primary.config, `insert into marks values ('${mark}')`)
  for (const replica of cluster.replicas) {
    let shown = ''
    while (shown !== mark) {
      const [row] = await ask(replica.config, `select mark from marks where mark = '${mark}'`)
      shown = String(row?.['mark'])
    }
  }
}
