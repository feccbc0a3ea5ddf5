import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { ask } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { pause } from './timings.ts'

/**
 * Fate of the connections of a frozen process: the servers close them, the network loses them without a word to the
 * process, or they stay.
 */
export const FATES = ['closed', 'lost', 'kept'] as const
export type Fate = (typeof FATES)[number]

export interface Freeze {
  readonly fate: Fate
  readonly frozenMs: number
  readonly options?: PoolOptions
}

export interface Thaw {
  readonly fate: Fate
  /** Errors of statements that the process sent after its thaw, and of a read that was in flight. Must be empty. */
  readonly errors: readonly string[]
  /** Names of the writes that the process holds for done. */
  readonly acknowledged: readonly string[]
  /** Names of the rows that are there. Must be the same, each once. */
  readonly rows: readonly string[]
  /** The longest time that a statement took after the thaw, in milliseconds. */
  readonly longestMs: number
}

/** Time for what follows the thaw, in milliseconds. Statements that hang are reported as errors. */
const LONGEST_MS = 20_000

/** Uses a pool, then waits for a timer that comes due while it is frozen, and uses the pool again at once. */
const PROGRAM = `
  import { setTimeout } from 'node:timers/promises'
  import { Pool } from 'pg-switchyard'
  const pool = new Pool(JSON.parse(process.env.OPTIONS))
  pool.on('error', () => {})
  const [errors, acknowledged] = [[], []]
  let [longestMs, number] = [0, 0]
  const timed = async (what, statement) => {
    const startedAtMs = performance.now()
    await statement().catch(error => errors.push(what + ': ' + error.message))
    longestMs = Math.max(longestMs, performance.now() - startedAtMs)
  }
  const name = () => process.env.FATE + ' ' + number++
  const write = () => timed('write', async () => {
    const [row] = [name()]
    await pool.query('insert into thawed values ($1)', [row])
    acknowledged.push(row)
  })
  const read = () => timed('read', () => pool.query('select count(*) from thawed'))
  const transaction = () => timed('transaction', async () => {
    const client = await pool.connect()
    try {
      const row = name()
      await client.query('begin')
      await client.query('insert into thawed values ($1)', [row])
      await client.query('commit')
      acknowledged.push(row)
    } finally {
      client.release()
    }
  })
  const work = () => Promise.all([write, read, transaction, read, write, read, write, read].map(each => each()))
  await pool.ready()
  for (let i = 0; i < 3; i++) await work()
  const inFlight = pool.query('select count(*) from thawed, pg_sleep(0.5)').catch(error => {
    errors.push('in flight: ' + error.message)
  })
  await setTimeout(100)
  process.stdout.write('idle')
  await setTimeout(300)
  longestMs = 0
  await work()
  await timed('in flight', () => inFlight)
  await pool.end()
  console.log(JSON.stringify({ errors, acknowledged, longestMs }))
`

const HANGING: Omit<Thaw, 'fate' | 'rows'> = {
  errors: ['Statements are still running'],
  acknowledged: [],
  longestMs: Infinity,
}

/** Starts a cluster for frozen processes. */
export async function frozenGround(): Promise<Cluster> {
  const cluster = await sharedCluster({ replicas: 2 })
  await ask(cluster.primary.config, 'create table thawed (name text)')
  await cluster.caughtUp()
  return cluster
}

/** Freezes a process that uses a pool, and lets it go on. */
export async function runFrozen(cluster: Cluster, { fate, frozenMs, options = {} }: Freeze): Promise<Thaw> {
  const { lifecycle = 'continuous' } = options
  const role = `frozen_${fate}_${Math.trunc(frozenMs)}_${lifecycle}`
  await ask(cluster.primary.config, `create role ${role} login superuser password 'secret'`)
  await cluster.caughtUp()
  const nodes = [cluster.primary, ...cluster.replicas]
  const proxies = await Promise.all(nodes.map(({ config }) => startProxy(config)))
  const [primary, ...replicas] = proxies.map((proxy) => proxy.config)
  const { database } = cluster.primary.config
  const login = { user: role, password: 'secret', database }
  const env = {
    ...process.env,
    FATE: `${fate} for ${frozenMs}, ${lifecycle}`,
    OPTIONS: JSON.stringify({ ...login, ...primary, replicas, logger: false, max: 4, ...options }),
  }
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let overdue: NodeJS.Timeout | undefined
  try {
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    const exited = once(child, 'exit')
    while (said !== 'idle') await Promise.race([once(child.stdout, 'data'), exited.then(() => fail(said))])
    child.kill('SIGSTOP')
    await lose(cluster, proxies, fate, role)
    await pause(frozenMs)
    child.kill('SIGCONT')
    overdue = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS)
    await exited
    const told = said.slice('idle'.length) || JSON.stringify(HANGING)
    const thaw = JSON.parse(told) as Omit<Thaw, 'fate' | 'rows'>
    const rows = await ask(cluster.primary.config, `select name from thawed where name like '${env.FATE} %'`)
    return { fate, ...thaw, rows: rows.map((row) => String(row['name'])) }
  } finally {
    clearTimeout(overdue)
    child.kill('SIGKILL')
    await Promise.all(proxies.map((proxy) => proxy.close()))
  }
}

/** Whether nothing was lost, and nothing was written twice. */
export function isWhole({ acknowledged, errors, rows }: Thaw): boolean {
  return errors.length === 0 && acknowledged.toSorted().join() === rows.toSorted().join()
}

async function lose(cluster: Cluster, proxies: readonly TcpProxy[], fate: Fate, role: string): Promise<void> {
  if (fate === 'lost') for (const proxy of proxies) proxy.forget()
  if (fate !== 'closed') return
  const sql = 'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1'
  const nodes = [cluster.primary, ...cluster.replicas]
  await Promise.all(nodes.map(({ config }) => ask(config, sql, [role])))
}

function fail(said: string): never {
  throw new Error(`The process has ended early: ${said}`)
}
