import type { Settings } from '../../src/test-cluster/index.ts'

/** Settings of servers that run what others wrote: nothing but the statements moves anything, and nothing fills the disk. */
export const SETTINGS: Settings = {
  autovacuum: 'off',
  max_locks_per_transaction: 1_024,
  temp_file_limit: '1GB',
  max_standby_streaming_delay: '2s',
  log_min_messages: 'fatal',
  log_min_error_statement: 'panic',
}
