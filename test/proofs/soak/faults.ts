import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ClusterNode } from '../../../src/test-cluster/index.ts'
import type { Random } from '../../simulation/random.ts'
import { ask } from '../../support/servers.ts'
import { pause } from '../timings.ts'
import { APP, patiently, type SoakGround } from './ground.ts'

export interface SoakFault {
  readonly name: string
  /** Begins and ends the fault, which lasts for about this time. */
  readonly run: (ground: SoakGround, ms: number, random: Random) => Promise<void>
}

const TERMINATE = 'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1'

const anyReplica = ({ cluster }: SoakGround, random: Random): ClusterNode => random.pick(cluster.replicas)

/** Each cycle has one of them, and new names of the replicas. */
export const SOAK_FAULTS: readonly SoakFault[] = [
  {
    name: 'a replica restarts',
    run: async (ground, ms, random) => {
      const replica = anyReplica(ground, random)
      await patiently(() => replica.stop('fast'))
      await pause(ms)
      await patiently(() => replica.start())
    },
  },
  {
    name: 'a replica is killed',
    run: async (ground, ms, random) => {
      const replica = anyReplica(ground, random)
      await patiently(() => replica.kill())
      await pause(ms)
      await patiently(() => replica.start())
    },
  },
  {
    name: 'replay is paused',
    run: async (ground, ms, random) => {
      const replica = anyReplica(ground, random)
      await patiently(() => replica.pauseReplay())
      await pause(ms)
      await patiently(() => replica.resumeReplay())
    },
  },
  {
    name: 'a replica is frozen',
    run: async (ground, ms, random) => {
      const replica = anyReplica(ground, random)
      await patiently(() => replica.freeze())
      await pause(ms)
      await patiently(() => replica.thaw())
    },
  },
  {
    name: 'backends are killed',
    run: async ({ cluster }, ms) => {
      await patiently(() =>
        Promise.all(cluster.nodes.map(({ config }) => ask(config, TERMINATE, [APP.user]))),
      )
      await pause(ms)
    },
  },
  {
    name: 'the process is stopped',
    run: async (_ground, ms) => {
      const seconds = (ms / 1000).toFixed(2)
      const script = `kill -STOP ${process.pid}; sleep ${seconds}; kill -CONT ${process.pid}`
      await once(spawn('/bin/sh', ['-c', script], { stdio: 'ignore' }), 'exit')
    },
  },
]
