import type { FunctionVerdict } from './catalog.ts'

/** One reason, and the functions of `pg_catalog` that it holds for. */
export interface Decision {
  readonly verdict: FunctionVerdict
  readonly because: string
  /** Names, parted by spaces. A name ending in `*` stands for all names that begin so, in newer servers too. */
  readonly names: string
}

/**
 * Verdicts on PostgreSQL's own functions that differ from their label. A function that is not listed has the verdict of
 * its label: immutable and stable are harmless, volatile is not. Exact names win over names with a `*`.
 */
export const decisions: readonly Decision[] = [
  // Volatile, but harmless.
  {
    verdict: 'harmless',
    because: 'gives another value on every call, on every node alike, and touches nothing',
    names: `random random_normal array_sample array_shuffle gen_random_uuid uuidv4 uuidv7 clock_timestamp timeofday
      pg_sleep pg_sleep_for pg_sleep_until bernoulli system`,
  },
  {
    verdict: 'harmless',
    because: 'measures files that replication keeps alike; only of unlogged tables a standby has none',
    names: `pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_database_size
      pg_tablespace_size`,
  },
  {
    verdict: 'harmless',
    because: 'reads replicated data; volatile because it does so with a snapshot or a lock of its own',
    names: `lo_get pg_partition_ancestors pg_partition_tree pg_xact_commit_timestamp pg_xact_commit_timestamp_origin
      amvalidate`,
  },
  {
    verdict: 'harmless',
    because:
      'is false for every schema but those of temporary tables; information_schema hides with it what others have there',
    names: 'pg_is_other_temp_schema',
  },
  { verdict: 'harmless', because: 'gives the text of the statement that calls it', names: 'current_query' },
  {
    verdict: 'harmless',
    because: 'AT TIME ZONE; volatile for timetz before PostgreSQL 15, since it reads the clock',
    names: 'timezone',
  },

  // Refused by a standby, or changing data.
  {
    verdict: 'writes',
    because: 'changes a sequence',
    names: 'nextval setval pg_nextoid',
  },
  {
    verdict: 'writes',
    because: 'needs a transaction number of its own, which a standby cannot give; labelled stable',
    names: 'pg_current_xact_id txid_current',
  },
  {
    verdict: 'writes',
    because: 'a standby writes no WAL and refuses to tell its write position; two are labelled immutable',
    names: `pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn pg_walfile_name
      pg_walfile_name_offset pg_switch_wal pg_create_restore_point pg_log_standby_snapshot pg_logical_emit_message`,
  },
  {
    verdict: 'writes',
    because: 'changes large objects',
    names: `lo_creat lo_create lo_from_bytea lo_import lo_put lo_truncate lo_truncate64 lo_unlink lowrite`,
  },
  {
    verdict: 'writes',
    because: 'changes catalogs, statistics or indexes',
    names: `binary_upgrade_* brin_desummarize_range brin_summarize_new_values brin_summarize_range
      gin_clean_pending_list pg_clear_attribute_stats pg_clear_relation_stats pg_extension_config_dump
      pg_import_system_collations pg_restore_attribute_stats pg_restore_relation_stats
      pg_stop_making_pinned_objects`,
  },
  {
    verdict: 'writes',
    because: 'tells other connections something, and a standby refuses it',
    names: 'pg_notify',
  },
  {
    verdict: 'writes',
    because:
      'manipulates replication origins; a standby refuses it, even the stable look-up of their numbers',
    names: 'pg_replication_origin_*',
  },
  {
    verdict: 'writes',
    because: 'is an order to one server or its processes; the one that is meant is the primary',
    names: `pg_cancel_backend pg_terminate_backend pg_reload_conf pg_rotate_logfile pg_rotate_logfile_old
      pg_log_backend_memory_contexts pg_stat_reset pg_stat_reset_* pg_stat_force_next_flush pg_promote
      pg_wal_replay_pause pg_wal_replay_resume pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup`,
  },
  {
    verdict: 'writes',
    because: 'makes, moves or drops a replication slot, which belongs to one server',
    names: `pg_copy_logical_replication_slot pg_copy_physical_replication_slot pg_create_logical_replication_slot
      pg_create_physical_replication_slot pg_drop_replication_slot pg_replication_slot_advance
      pg_sync_replication_slots pg_logical_slot_*`,
  },

  // State of the connection.
  {
    verdict: 'session',
    because: 'takes or releases a lock that only the same node, often only the same connection, knows of',
    names: 'pg_advisory_* pg_try_advisory_*',
  },
  {
    verdict: 'session',
    because: 'changes or reads settings, which belong to a connection',
    names: 'set_config setseed current_setting',
  },
  {
    verdict: 'session',
    because: 'remembers what nextval gave to this connection',
    names: 'currval lastval',
  },
  {
    verdict: 'session',
    because: 'uses a descriptor, a cursor, a snapshot or a temporary schema of this connection',
    names: `lo_open lo_close loread lo_lseek lo_lseek64 lo_tell lo_tell64 pg_cursor
      pg_prepared_statement pg_listening_channels pg_export_snapshot pg_my_temp_schema pg_stat_clear_snapshot`,
  },

  // Answers for the node.
  {
    verdict: 'node-local',
    because: 'tells of this server process, its connection or its start',
    names: `pg_backend_pid inet_server_addr inet_server_port inet_client_addr inet_client_port
      pg_postmaster_start_time pg_conf_load_time`,
  },
  {
    verdict: 'node-local',
    because: 'every server keeps statistics of its own',
    names: 'pg_stat_get_* pg_stat_have_stats',
  },
  {
    verdict: 'node-local',
    because: 'looks into the memory of this server: locks, waits, allocations, slots, settings',
    names: `pg_lock_status pg_blocking_pids pg_safe_snapshot_blocking_pids pg_isolation_test_session_is_blocked
      pg_show_all_settings pg_get_replication_slots pg_show_replication_origin_status pg_prepared_xact
      pg_get_backend_memory_contexts pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_get_aios
      pg_get_wait_events pg_get_loaded_modules pg_get_wal_resource_managers pg_notification_queue_usage`,
  },
  {
    verdict: 'node-local',
    because: "tells of this server's recovery, WAL or backup",
    names: `pg_is_in_recovery pg_is_wal_replay_paused pg_get_wal_replay_pause_state pg_last_wal_*
      pg_last_xact_replay_timestamp pg_control_* pg_available_wal_summaries pg_wal_summary_contents
      pg_get_wal_summarizer_state pg_is_in_backup pg_backup_start_time`,
  },
  {
    verdict: 'node-local',
    because: "reads this server's files or what is installed on its machine",
    names: `pg_ls_* pg_read_file pg_read_file_old pg_read_binary_file pg_stat_file pg_current_logfile
      pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings pg_tablespace_location
      pg_tablespace_databases pg_relation_filepath pg_available_extensions pg_available_extension_versions
      pg_extension_update_paths pg_config pg_jit_available pg_numa_available pg_collation_actual_version
      pg_database_collation_actual_version`,
  },
  {
    verdict: 'node-local',
    because:
      'tells of running and finished transactions, of which each node has its own view; a replica that is ' +
      'behind would call a commit unfinished',
    names: `pg_current_xact_id_if_assigned txid_current_if_assigned pg_current_snapshot txid_current_snapshot
      pg_xact_status txid_status pg_last_committed_xact pg_get_multixact_members`,
  },
  {
    verdict: 'node-local',
    because: "reads a sequence's row, which is up to 32 values ahead on a standby",
    names: 'pg_sequence_last_value pg_get_sequence_data',
  },

  // Effects outside the database.
  { verdict: 'external', because: 'writes a file of the server', names: 'lo_export' },

  // Not to be seen through.
  {
    verdict: 'volatile',
    because: 'runs SQL text or a cursor that it is given; labelled volatile, but one overload of ts_rewrite',
    names:
      'cursor_to_xml cursor_to_xmlschema query_to_xml query_to_xml_and_xmlschema query_to_xmlschema ts_stat ts_rewrite',
  },
  {
    verdict: 'volatile',
    because:
      'reads relations whose names it is given or finds, views and unlogged tables too; most are labelled stable',
    names: `table_to_xml table_to_xml_and_xmlschema schema_to_xml schema_to_xml_and_xmlschema database_to_xml
      database_to_xml_and_xmlschema currtid currtid2`,
  },
  {
    verdict: 'volatile',
    because: 'is called by the server itself, never from a statement',
    names: `RI_FKey_* suppress_redundant_updates_trigger tsvector_update_trigger tsvector_update_trigger_column
      unique_key_recheck brinhandler bthandler ginhandler gisthandler hashhandler spghandler heap_tableam_handler
      dsnowball_init dsnowball_lexize plpgsql_call_handler plpgsql_inline_handler plpgsql_validator`,
  },
]

/**
 * Functions that read state of the connection and change none. They are safe in a view, a policy or a function's body.
 * A client that gave its connection such state (`SET app.tenant`, a temporary table) keeps that connection. Without
 * such state they return the same everywhere. Policies for row-level security live on `current_setting`.
 */
export const harmlessInside: readonly string[] = ['current_setting', 'pg_my_temp_schema']
