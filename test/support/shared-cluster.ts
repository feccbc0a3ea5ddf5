import { Client, type ClientConfig } from 'pg'
import {
  startCluster,
  type Cluster,
  type ClusterNode,
  type ClusterOptions,
} from '../../src/test-cluster/index.ts'
import { SERVER_VERSION } from './server-version.ts'
import { until } from './servers.ts'

/** A cluster, and what it was like when it was new. */
interface Shared {
  readonly cluster: Cluster
  readonly primary: ClusterNode
  readonly fresh: readonly string[]
  uses: number
}

/** Idle clusters of this process, by their options; the one that was used last is the last. */
const idle = new Map<string, Shared>()
const MOST_IDLE = 3
/** Uses after which a cluster is replaced, as its WAL takes memory. */
const MOST_USES = 20
const SETTLE_MS = 2_000

/**
 * Starts a cluster, or takes one with these options that an earlier file of this process used and left in order. Its
 * `stop()` keeps it for the next file, which gets a new database and no other roles. A cluster is not used again when its
 * nodes, settings, slots or passwords are not as they were at its start, or when connections are left.
 */
export async function sharedCluster(options: ClusterOptions = {}): Promise<Cluster> {
  // A command has no next file, and the state of older servers cannot be read.
  if (process.env['VITEST'] === undefined || SERVER_VERSION < 18) return startCluster(options)
  const key = JSON.stringify({ replicas: 2, ...options })
  const kept = idle.get(key)
  idle.delete(key)
  if (kept !== undefined) {
    if (await isRenewed(kept)) return lent(key, kept)
    await stop(kept.cluster)
  }
  const cluster = await startCluster(options)
  try {
    const fresh = await Promise.all(cluster.nodes.map(({ config }) => stateOf(config)))
    return lent(key, { cluster, primary: cluster.primary, fresh, uses: 0 })
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

/** The cluster, whose `stop()` keeps it when it is well. */
function lent(key: string, shared: Shared): Cluster {
  const { cluster, primary } = shared
  shared.uses += 1
  cluster.stop = async () => {
    const isWell = cluster.primary === primary && cluster.nodes.every((node) => node.running && !node.frozen)
    if (!isWell || shared.uses >= MOST_USES) return stop(cluster)
    const others = [idle.get(key), ...(idle.size >= MOST_IDLE ? idle.values() : [])]
    const surplus = others.find((other) => other !== undefined && other !== shared)
    idle.delete(key)
    idle.set(key, shared)
    if (surplus !== undefined) await discard(surplus)
  }
  return cluster
}

async function discard(surplus: Shared): Promise<void> {
  for (const [key, shared] of idle) if (shared === surplus) idle.delete(key)
  await stop(surplus.cluster)
}

async function stop(cluster: Cluster): Promise<void> {
  Reflect.deleteProperty(cluster, 'stop')
  await cluster.stop()
}

/** Makes a new database. Returns false when anything else of the cluster is not as it was. */
async function isRenewed({ cluster, primary, fresh }: Shared): Promise<boolean> {
  try {
    await Promise.all(cluster.replicas.map(({ config }) => withClient(config, untilAlone)))
    const lsn = await withClient(primary.config, async (client) => {
      await untilAlone(client)
      return renew(client)
    })
    await Promise.all(
      cluster.replicas.map(({ config }) => withClient(config, (client) => untilReplayed(client, lsn))),
    )
    const now = await Promise.all(cluster.nodes.map(({ config }) => stateOf(config)))
    return now.every((state, index) => state === fresh[index])
  } catch {
    return false
  }
}

/** Replaces the databases of the last file by a new one, and drops its roles. Returns the position behind that. */
async function renew(client: Client): Promise<unknown> {
  const { rows } = await client.query<{ sql: string }>(LEFTOVERS)
  for (const { sql } of rows) await client.query(sql)
  await client.query('create database postgres')
  return (await client.query<{ lsn: string }>('select pg_current_wal_flush_lsn() as lsn')).rows[0]?.lsn
}

const LEFTOVERS = `
  select format('drop database %I', datname) as sql from pg_database where datname not in ('template0', 'template1')
  union all
  select format('drop role %I', rolname) from pg_roles where oid >= 16384`

/** Resolves when all other connections are closed. */
async function untilAlone(client: Client): Promise<void> {
  const sql = `select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`
  await until('all connections are closed', async () => (await client.query(sql)).rowCount === 0, SETTLE_MS)
}

async function untilReplayed(client: Client, lsn: unknown): Promise<void> {
  const sql = 'select where pg_last_wal_replay_lsn() >= $1::pg_lsn'
  await until(
    'the new database is there',
    async () => (await client.query(sql, [lsn])).rowCount === 1,
    SETTLE_MS,
  )
}

const STATE = `select jsonb_build_array(
  (select jsonb_agg(to_jsonb(a) - 'oid' order by rolname) from pg_authid a),
  (select jsonb_agg(to_jsonb(m) - 'oid' order by roleid, member) from pg_auth_members m),
  (select jsonb_agg(to_jsonb(s)) from pg_db_role_setting s),
  (select jsonb_agg(to_jsonb(p)) from pg_parameter_acl p),
  (select jsonb_agg(spcname order by spcname) from pg_tablespace),
  (select jsonb_agg(jsonb_build_array(datname, datallowconn, datconnlimit, datacl) order by datname) from pg_database),
  (select jsonb_agg(slot_name) from pg_replication_slots),
  (select jsonb_agg(gid) from pg_prepared_xacts),
  (select jsonb_agg(jsonb_build_array(name, setting, pending_restart) order by name) from pg_settings
    where source in ('configuration file', 'command line')),
  (select jsonb_agg(to_jsonb(h)) from pg_hba_file_rules h),
  (select jsonb_agg(relname) from pg_class where oid >= 16384),
  (select jsonb_agg(proname) from pg_proc where oid >= 16384),
  (select jsonb_agg(nspname) from pg_namespace where oid >= 16384),
  pg_read_file('postgresql.auto.conf'),
  (select timeline_id from pg_control_checkpoint()),
  case when pg_is_in_recovery() then pg_get_wal_replay_pause_state() end) as state`

/** What a test may change outside of its database, as text. */
export async function stateOf(config: ClientConfig): Promise<string> {
  return withClient(config, async (client) => {
    const { rows } = await client.query<{ state: unknown }>(STATE)
    return JSON.stringify(rows)
  })
}

/** Connects to a database that no test uses. */
async function withClient<T>(config: ClientConfig, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ ...config, database: 'template1' })
  client.on('error', () => {})
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
