import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { openPool } from '../support/poor-promises.ts'
import { refuse, startPoorCluster } from '../support/poor-servers.ts'
import { ask } from '../support/servers.ts'

/** Functions of an application with the names of those that nodes are asked by, and answers that are wrong. */
const SHADOWS = `create schema shadow;
  create table shadow.statuses as select 'any'::text as server_id, 'e7a9'::text as session_id,
    0::float8 as replica_lag_in_msec, null::timestamptz as last_update_timestamp;
  create function shadow.aurora_replica_status() returns setof shadow.statuses language sql stable as
    'select * from shadow.statuses';
  create function shadow.aurora_db_instance_identifier() returns text language sql stable as $$ select 'any' $$;
  create function shadow.pg_is_in_recovery() returns boolean language sql stable as
    'select not pg_catalog.pg_is_in_recovery()';
  create function shadow.pg_last_wal_replay_lsn() returns pg_lsn language sql stable as $$ select 'F/0'::pg_lsn $$;
  create function shadow.pg_current_wal_flush_lsn() returns pg_lsn language sql stable as $$ select '0/0'::pg_lsn $$;
  create function shadow.current_setting(text) returns text language sql stable as $$ select 'off' $$;
  create function shadow.same(text, text) returns boolean language sql immutable as 'select true';
  create operator shadow.= (function = shadow.same, leftarg = text, rightarg = text);
  create view shadow.pg_stat_wal_receiver as select 99 as received_tli;
  grant usage on schema shadow to app;
  grant select on all tables in schema shadow to app;
  alter role app set search_path = shadow, pg_catalog, public`

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startPoorCluster()
  await ask(cluster.primary.config, SHADOWS)
})

afterAll(() => cluster?.stop())

it.each([
  ['nothing', []],
  ['a function', ['pg_last_wal_receive_lsn' as const]],
])(
  'functions of an application that stand before those of PostgreSQL mean nothing, where servers refuse %s',
  async (_name, refused) => {
    await refuse(cluster, refused, 'denied')
    pool = openPool(cluster)
    try {
      await pool.ready()
      expect(pool.stats().nodes.map(({ role }) => role)).toEqual(['primary', 'replica', 'replica'])
      for (const replica of cluster.replicas) await replica.pauseReplay()
      await pool.withSession(async () => {
        const { rows } = await pool.query('update items set n = n + 1 where id = 1 returning n')
        const deadline = performance.now() + 3000
        while (performance.now() < deadline) {
          expect((await pool.query('select n from items where id = 1')).rows).toEqual(rows)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      })
      const lags = pool
        .stats()
        .nodes.slice(1)
        .map(({ lagBytes }) => lagBytes)
      for (const lag of lags) expect(lag).toBeGreaterThan(0)
    } finally {
      for (const replica of cluster.replicas) await replica.resumeReplay()
      await pool.end()
    }
  },
)
