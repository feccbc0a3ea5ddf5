import { describe, expect, test } from 'vitest'
import { builtinCatalog } from './builtin-catalog.ts'
import { decisions } from './builtin-decisions.ts'
import { words } from './words.ts'

const functionCases = {
  harmless: `lower count sum jsonb_agg now current_database format_type generate_series to_tsvector version age
    random gen_random_uuid uuidv7 clock_timestamp pg_sleep pg_total_relation_size lo_get current_query
    pg_catalog.lower information_schema._pg_truetypid uuid int4 pg_get_viewdef has_table_privilege`,
  writes: `nextval setval pg_notify txid_current pg_current_xact_id pg_current_wal_lsn pg_walfile_name lo_put lo_create
    pg_terminate_backend pg_reload_conf pg_stat_reset pg_stat_reset_shared pg_stat_reset_of_some_later_version
    pg_logical_emit_message pg_replication_origin_create pg_replication_origin_oid pg_logical_slot_get_changes
    brin_summarize_new_values pg_import_system_collations pg_switch_wal pg_catalog.nextval`,
  session: `pg_advisory_lock pg_advisory_xact_lock_shared pg_try_advisory_lock pg_advisory_unlock_all set_config setseed
    current_setting currval lastval lo_open loread pg_export_snapshot pg_my_temp_schema pg_temp.anything
    pg_temp_12.anything`,
  'node-local': `pg_backend_pid inet_server_addr pg_postmaster_start_time pg_stat_get_activity
    pg_stat_get_something_of_a_later_version pg_is_in_recovery pg_last_wal_replay_lsn pg_last_wal_receive_lsn pg_ls_dir
    pg_read_file pg_lock_status pg_sequence_last_value pg_current_snapshot pg_xact_status pg_show_all_settings
    pg_control_system`,
  external: 'lo_export',
  volatile:
    'query_to_xml cursor_to_xml table_to_xml database_to_xml ts_stat ts_rewrite currtid2 RI_FKey_check_ins',
  pending: 'my_function public.lower app.nextval pg_catalog.of_a_later_version information_schema.lower',
}

const relationCases = {
  replicated: `pg_class pg_catalog.pg_proc pg_stats pg_tables pg_indexes pg_views information_schema.tables
    information_schema.columns pg_largeobject`,
  'node-local': `pg_stat_activity pg_catalog.pg_stat_replication pg_locks pg_settings pg_prepared_xacts pg_cursors
    pg_sequences pg_stat_user_tables pg_replication_slots pg_available_extensions`,
  temporary: 'pg_temp.orders pg_temp_3.orders',
  pending: 'orders public.pg_class columns information_schema.pg_class pg_temperature.orders',
}

const typeCases = {
  harmless: `int4 pg_catalog.text _int4 uuid jsonb regclass record pg_class _pg_class information_schema.cardinal_number`,
  pending: 'integer mood public.int4 _mood',
}

const operatorCases = {
  harmless: '+ = ~~ @> || pg_catalog.= ->>',
  pending: '<=> public.+ +++',
}

function listed(cases: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(cases).flatMap(([verdict, names]) =>
    words(names).map((name) => [name, verdict] as const),
  )
}

function named(text: string): { readonly schema?: string; readonly name: string } {
  const [, schema, name = text] = /^(\w+)\.(.+)$/.exec(text) ?? []
  return schema === undefined ? { name } : { schema, name }
}

describe('before the database was asked', () => {
  test.each(listed(functionCases))('function %s is %s', (name, verdict) => {
    expect(builtinCatalog.functionVerdict(named(name))).toBe(verdict)
  })

  test.each(listed(relationCases))('relation %s is %s', (name, verdict) => {
    expect(builtinCatalog.relationVerdict(named(name))).toBe(verdict)
  })

  test.each(listed(typeCases))('type %s is %s', (name, verdict) => {
    expect(builtinCatalog.typeVerdict(named(name))).toBe(verdict)
  })

  test.each(listed(operatorCases))('operator %s is %s', (name, verdict) => {
    expect(builtinCatalog.operatorVerdict(named(name))).toBe(verdict)
  })

  test('names that objects in JavaScript have by themselves are names like others', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', '', '_']) {
      expect(builtinCatalog.functionVerdict({ name })).toBe('pending')
      expect(builtinCatalog.relationVerdict({ name })).toBe('pending')
      expect(builtinCatalog.typeVerdict({ name })).toBe('pending')
    }
  })
})

test('every decision is on other names, and has a reason', () => {
  const names = decisions.flatMap((decision) => words(decision.names))
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  expect(decisions.filter(({ because }) => because.length < 10)).toEqual([])
})
