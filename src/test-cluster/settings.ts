import type { ResolvedOptions, Settings } from './options.ts'

/** Returns the default settings of a node: small, quick to start, quick to reconnect. */
function defaultSettings(replicas: number): Settings {
  return {
    // The data is temporary and need not survive a power failure.
    fsync: false,
    // Sparse files instead of megabytes of zeroes: most of a test cluster's WAL is never written.
    wal_init_zero: false,
    shared_buffers: '32MB',
    max_connections: 200,
    wal_level: 'replica',
    max_wal_senders: replicas + 8,
    // Lets a replica that was down for a while return; a slot would not outlive a promotion.
    wal_keep_size: '512MB',
    hot_standby: true,
    hot_standby_feedback: true,
    wal_receiver_status_interval: '1s',
    wal_retrieve_retry_interval: '100ms',
    // Shared memory in files of the data directory disappears with it, even after SIGKILL.
    dynamic_shared_memory_type: 'mmap',
    log_line_prefix: '%m [%p] ',
  }
}

/**
 * Returns the text to append to `postgresql.conf`.
 *
 * @param listenAddresses Addresses to listen on. There is no Unix socket, since it would leave its lock file behind
 * after SIGKILL.
 */
export function settingsFile(options: ResolvedOptions, listenAddresses: string): string {
  const sockets = { listen_addresses: listenAddresses, unix_socket_directories: '' }
  const all = { ...sockets, ...defaultSettings(options.replicas), ...options.settings }
  return Object.entries(all)
    .map(([name, value]) => `${name} = ${quoted(value)}\n`)
    .join('')
}

function quoted(value: string | number | boolean): string {
  return `'${String(value).replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
