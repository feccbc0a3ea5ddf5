import { functionDiscovery, Pool, type PoolOptions } from '../../../src/index.ts'
import { startCluster, type Cluster, type ClusterNode } from '../../../src/test-cluster/index.ts'
import { replicasReady } from '../../support/routed-pool.ts'
import { ask } from '../../support/servers.ts'
import { Names } from '../chaos/names.ts'

/** Login of the pools, by which the servers count what is theirs. */
export const APP = { user: 'soaking', password: 'secret', database: 'postgres' } as const
export const TENANTS = 20
export const ACCOUNTS = 2_000
/** Maximum number of connections of the pool to each server. */
export const MOST_CONNECTIONS = 6

const SCHEMA = `
  create role ${APP.user} login password '${APP.password}' in role pg_monitor;
  create role tenant_user;
  grant tenant_user to ${APP.user};
  create table accounts (id int primary key, amount int not null default 0);
  insert into accounts select g from generate_series(1, ${ACCOUNTS}) g;
  create table journal (id bigserial primary key, account int not null, note text);
  create table kept (tenant int not null, note text);
  insert into kept select t, 'note ' || n from generate_series(1, ${TENANTS}) t, generate_series(1, 3) n;
  alter table kept enable row level security;
  create policy own on kept to tenant_user using (tenant = current_setting('app.tenant', true)::int);
  create table items as select g as id, 'item ' || g as name from generate_series(1, 3000) g;
  grant all on all tables in schema public to ${APP.user};
  grant all on all sequences in schema public to ${APP.user};
  grant select on kept to tenant_user`

/** A cluster whose replicas get new names again and again, and a pool that discovers them. */
export class SoakGround implements AsyncDisposable {
  readonly cluster: Cluster
  readonly pool: Pool
  readonly #names = new Names()
  #generation = 0

  private constructor(cluster: Cluster) {
    this.cluster = cluster
    this.rename()
    this.pool = this.open({ tiers: { batch: { share: 0.5 } } })
  }

  static async start(): Promise<SoakGround> {
    const settings = { max_standby_streaming_delay: '2s', max_connections: 120 }
    const cluster = await startCluster({ replicas: 2, settings })
    await ask(cluster.primary.config, SCHEMA)
    await cluster.caughtUp()
    const ground = new SoakGround(cluster)
    await replicasReady(ground.pool, 2)
    return ground
  }

  /** Opens one more pool over the cluster. */
  open(more: PoolOptions = {}): Pool {
    const pool = new Pool({
      ...APP,
      max: MOST_CONNECTIONS,
      logger: false,
      stream: () => this.#names.socket(),
      discovery: functionDiscovery(() => this.#nodes(this.#generation), { intervalMs: 1_000 }),
      ...more,
    })
    pool.on('error', () => {})
    return pool
  }

  /** Gives the replicas new names. The former ones lead nowhere one generation later. */
  rename(): void {
    for (const { host } of this.#nodes(this.#generation - 1)) this.#names.set(host, undefined)
    this.#generation += 1
    for (const [index, { host }] of this.#nodes(this.#generation).entries()) {
      const { config } = this.cluster.nodes[index] as ClusterNode
      this.#names.set(host, { host: config.host, port: config.port })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.stop()
  }

  #nodes(generation: number): readonly { readonly host: string }[] {
    return this.cluster.nodes.map((node, index) => ({
      host: index === 0 ? 'primary.soak' : `${node.name}.generation-${generation}.soak`,
    }))
  }
}

/** Runs a step of the proof itself, which may be late on a busy machine, up to three times. */
export async function patiently<T>(step: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step()
    } catch (error) {
      if (attempt === 3) throw error
    }
  }
}
