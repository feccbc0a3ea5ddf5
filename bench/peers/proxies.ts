import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientConfig } from 'pg'
import { freePort } from '../../src/test-cluster/embedded/ports.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { findProgram, PeerProcess } from './process.ts'

/** A proxy that runs, or why it does not. */
export type Proxy =
  { readonly config: ClientConfig; readonly process: PeerProcess } | { readonly skipped: string }

/** pgpool-II in front of the whole cluster, balancing each statement by itself, over replicas only. */
export async function startPgpool({ primary, replicas }: Cluster): Promise<Proxy> {
  const program = findProgram('pgpool', 'PGPOOL')
  if (program === undefined)
    return { skipped: 'pgpool-II is not installed (Debian: apt-get install pgpool2)' }
  const process = new PeerProcess()
  const port = await freePort()
  const pcpPort = await freePort()
  const { directory } = process
  const backends = [primary, ...replicas].flatMap(({ config }, index) => [
    `backend_hostname${index} = '127.0.0.1'`,
    `backend_port${index} = ${config.port}`,
    `backend_weight${index} = ${index === 0 ? 0 : 1}`,
    `backend_flag${index} = 'DISALLOW_TO_FAILOVER'`,
  ])
  const lines = [
    "backend_clustering_mode = 'streaming_replication'",
    "listen_addresses = '127.0.0.1'",
    `port = ${port}`,
    `pcp_port = ${pcpPort}`,
    `pcp_listen_addresses = ''`,
    `socket_dir = '${directory}'`,
    `pcp_socket_dir = '${directory}'`,
    `wd_ipc_socket_dir = '${directory}'`,
    `pid_file_name = '${join(directory, 'pgpool.pid')}'`,
    `logdir = '${directory}'`,
    'num_init_children = 32',
    'max_pool = 1',
    'load_balance_mode = on',
    'statement_level_load_balance = on',
    'enable_pool_hba = off',
    "pool_passwd = ''",
    'allow_clear_text_frontend_auth = on',
    'sr_check_period = 2',
    `sr_check_user = '${primary.config.user}'`,
    `sr_check_password = '${primary.config.password ?? ''}'`,
    `sr_check_database = '${primary.config.database}'`,
    'health_check_period = 0',
    ...backends,
  ]
  const path = join(directory, 'pgpool.conf')
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o644 })
  writeFileSync(join(directory, 'pcp.conf'), '', { mode: 0o644 })
  const args = ['-n', '-f', path, '-F', join(directory, 'pcp.conf'), '-a', join(directory, 'pool_hba.conf')]
  return started(process, program, args, port, primary.config)
}

/** PgBouncer in front of one replica: it routes nothing. */
export async function startPgbouncer({ replicas }: Cluster): Promise<Proxy> {
  const program = findProgram('pgbouncer', 'PGBOUNCER')
  if (program === undefined)
    return { skipped: 'PgBouncer is not installed (Debian: apt-get install pgbouncer)' }
  const [replica] = replicas
  if (replica === undefined) return { skipped: 'the cluster has no replica' }
  const { config } = replica
  const process = new PeerProcess()
  const port = await freePort()
  const password = config.password === undefined ? '' : ` password=${config.password}`
  const lines = [
    '[databases]',
    `${config.database} = host=127.0.0.1 port=${config.port} user=${config.user}${password}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    'default_pool_size = 20',
    'max_client_conn = 200',
  ]
  const path = join(process.directory, 'pgbouncer.ini')
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o644 })
  return started(process, program, [path], port, config)
}

async function started(
  process: PeerProcess,
  program: string,
  args: readonly string[],
  port: number,
  config: ClientConfig,
): Promise<Proxy> {
  try {
    await process.start(program, args, port)
    return { process, config: { ...config, host: '127.0.0.1', port } }
  } catch (error) {
    await process[Symbol.asyncDispose]()
    return { skipped: error instanceof Error ? error.message : String(error) }
  }
}
