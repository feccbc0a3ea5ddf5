import type { Client } from 'pg'
import type { Answer, Index, Relation, Slot, TableVacuum } from './facts.ts'
import { answer, jsonRows } from './question.ts'

const OF_USERS = `c.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`

export function relations(client: Client): Promise<Answer<readonly Relation[]>> {
  const sql = `SELECT json_build_object('schema', n.nspname, 'name', c.relname, 'spelled', format('%I.%I', n.nspname, c.relname),
    'isUnlogged', c.relpersistence = 'u',
    'kind', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND ${OF_USERS}
  ORDER BY n.nspname, c.relname`
  return answer(client, sql, (rows) => jsonRows(rows) as readonly Relation[])
}

/** Indexes that are valid, with what makes two of them the same. */
export function indexes(client: Client): Promise<Answer<readonly Index[]>> {
  const sql = `SELECT json_build_object('oid', i.indexrelid::bigint, 'name', format('%I.%I', n.nspname, x.relname),
    'table', format('%I.%I', n.nspname, c.relname), 'bytes', pg_relation_size(i.indexrelid), 'isUnique', i.indisunique,
    'isNeeded', i.indisreplident OR i.indisclustered OR EXISTS (
      SELECT FROM pg_constraint o WHERE o.conindid = i.indexrelid AND o.contype IN ('p', 'u', 'x', 'f')
    ) OR EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid),
    'definition', concat_ws(' ', c.oid, x.relam, i.indkey, i.indclass, i.indcollation, i.indoption, i.indnkeyatts,
      pg_get_expr(i.indexprs, i.indrelid), 'where', pg_get_expr(i.indpred, i.indrelid),
      to_jsonb(i) ->> 'indnullsnotdistinct'))
  FROM pg_index i
  JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE i.indisvalid AND x.relkind = 'i' AND c.relpersistence <> 't' AND ${OF_USERS}
  ORDER BY i.indexrelid`
  return answer(client, sql, (rows) => jsonRows(rows) as readonly Index[])
}

const option = (name: string): string =>
  `(SELECT option_value FROM pg_options_to_table(c.reloptions) WHERE option_name = '${name}')`

export function vacuum(client: Client): Promise<Answer<readonly TableVacuum[]>> {
  const sql = `SELECT json_build_object('table', format('%I.%I', n.nspname, c.relname),
    'live', s.n_live_tup, 'dead', s.n_dead_tup,
    'threshold', COALESCE(${option('autovacuum_vacuum_threshold')}::float8, current_setting('autovacuum_vacuum_threshold')::float8)
      + COALESCE(${option('autovacuum_vacuum_scale_factor')}::float8, current_setting('autovacuum_vacuum_scale_factor')::float8)
        * greatest(c.reltuples, 0),
    'isAutovacuumOff', COALESCE(NOT ${option('autovacuum_enabled')}::bool, false),
    'freezeShare', CASE WHEN c.relkind = 'r' THEN age(c.relfrozenxid) / current_setting('autovacuum_freeze_max_age')::float8 ELSE 0 END)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_stat_user_tables s ON s.relid = c.oid
  WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND ${OF_USERS}
  ORDER BY s.n_dead_tup DESC, n.nspname, c.relname`
  return answer(client, sql, (rows) => jsonRows(rows) as readonly TableVacuum[])
}

export function rowsReplaced(client: Client): Promise<Answer<number>> {
  const sql = 'SELECT COALESCE(sum(n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables'
  return answer(client, sql, ([row]) => Number(row?.[0]))
}

/** Slots without WAL, such as those that are reserved and were never used, are of no harm. */
export function slots(client: Client): Promise<Answer<readonly Slot[]>> {
  const sql = `SELECT json_strip_nulls(json_build_object('name', slot_name, 'isActive', active,
    'walStatus', COALESCE(wal_status, ''), 'keptBytes', CASE WHEN restart_lsn IS NOT NULL AND NOT pg_is_in_recovery()
      THEN pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) END))
  FROM pg_replication_slots WHERE NOT temporary ORDER BY slot_name`
  return answer(client, sql, (rows) => jsonRows(rows) as readonly Slot[])
}
