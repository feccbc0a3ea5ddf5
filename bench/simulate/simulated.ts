import type { Library } from '../../test/simulation/library.ts'
import { Network } from '../../test/simulation/network.ts'
import type { Pace } from '../../test/simulation/pace.ts'
import { Random } from '../../test/simulation/random.ts'
import { Server, type ClusterParts } from '../../test/simulation/server.ts'
import type { VirtualTime } from '../../test/simulation/virtual-time.ts'
import type { Change, WalRecord } from '../../test/simulation/wal.ts'
import { Cores } from './cores.ts'
import { runLoad, type LoadedPool } from './load.ts'
import { optionsOf } from './pool-options.ts'
import type { Environment, Figures, Scenario } from './scenario.ts'
import { statementOf } from './statements.ts'

/** Time of a question of the library itself, in milliseconds. */
const QUESTION_MS = 0.1
/** From a flush on the primary until a replica has the record, in milliseconds. */
const STREAM_MS = 0.2

let clusters = 0

/** A simulated server without rows: its log grows, and says nothing about them. */
class RowlessServer extends Server {
  override commit(_changes: readonly Change[], xid: bigint, acknowledged: () => void): void {
    super.commit([], xid, acknowledged)
  }
}

/** Runs a scenario on simulated servers. It takes no more real time than the work of the process does. */
export async function simulate(
  scenario: Scenario,
  environment: Environment,
  library: Library,
  time: VirtualTime,
): Promise<Figures> {
  const random = new Random(String(scenario.seed))
  time.reset(random.fork('process'))
  const network = new Network(time, random)
  const servers = serversOf(scenario, environment, time, random)
  for (const [index, server] of servers.entries()) {
    network.add(server.name, server)
    const fartherMs = isUnequal(scenario, index) ? scenario.fartherMs : 0
    network.linkTo(server.name).latencyMs = () => environment.networkMs + fartherMs
  }
  const pool = library.createPool({
    host: 'p',
    user: 'app',
    database: 'shop',
    password: 'secret',
    stream: network.socket,
    replicas: servers.slice(1).map(({ name: host }) => ({ host })),
    logger: false,
    ...optionsOf(scenario),
  })
  await settled(pool.ready(), time)
  const loaded: LoadedPool = pool as never
  const spend = (): void => time.block(environment.processMs, true)
  const figures = await settled(runLoad(loaded, scenario, spend), time)
  await settled(pool.end(), time)
  return figures
}

function serversOf(
  scenario: Scenario,
  environment: Environment,
  time: VirtualTime,
  random: Random,
): readonly Server[] {
  const servers: Server[] = []
  const committedAtMs = new WeakMap<WalRecord, number>()
  clusters += 1
  const parts: ClusterParts = {
    // The pools of a process share what they know of a database.
    name: `cluster ${clusters}`,
    time,
    random,
    servers,
    maxConnections: Infinity,
    isSynchronous: false,
    statementOf,
    trace: () => {},
    committed: (_server, record) => void committedAtMs.set(record, time.nowMs),
    paceOf: ({ name }) => {
      const slowness = isUnequal(scenario, Number(name.slice(1))) ? scenario.slower : 1
      const cores = new Cores(scenario.cores)
      return steadyPace({ scenario, environment, time, cores, slowness, committedAtMs })
    },
  }
  for (let index = 0; index <= scenario.replicas; index++) {
    servers.push(new RowlessServer(index === 0 ? 'p' : `r${index}`, parts, servers[0]))
  }
  return servers
}

interface PaceParts {
  readonly scenario: Scenario
  readonly environment: Environment
  readonly time: VirtualTime
  readonly cores: Cores
  readonly slowness: number
  readonly committedAtMs: WeakMap<WalRecord, number>
}

function steadyPace({ cores, committedAtMs, environment, scenario, slowness, time }: PaceParts): Pace {
  const { commitMs, replayMs } = environment
  return {
    statement: (text, values) => {
      if (statementOf(text) === undefined) return QUESTION_MS
      return cores.work(time.nowMs, Number(values[1]) * 1000 * slowness)
    },
    flush: () => commitMs,
    show: () => 0,
    receive: () => STREAM_MS,
    replay: (record) => {
      const committed = committedAtMs.get(record) ?? -Infinity
      const waitMs = Math.max(0, committed + scenario.lagMs - time.nowMs)
      // Replay does not wait for statements, but they have less of the cores.
      cores.work(time.nowMs, replayMs)
      return waitMs + replayMs
    },
    cover: () => 0,
  }
}

/** Whether a server is one of those that differ: 0 is the primary. */
function isUnequal({ unequal }: Scenario, index: number): boolean {
  return index >= 1 && index <= unequal
}

/** Lets time pass until a promise is settled. */
async function settled<T>(promise: Promise<T>, time: VirtualTime): Promise<T> {
  let isSettled = false
  void promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  )
  await time.run(() => isSettled, Infinity)
  return promise
}
