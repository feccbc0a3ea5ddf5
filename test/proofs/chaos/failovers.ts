import type { Cluster, ClusterNode } from '../../../src/test-cluster/index.ts'
import type { Fault } from './fault.ts'
import { hold, knownAsPrimary, recordLastRows, type Scene } from './scene.ts'
import type { ChaosServer, WorldName } from './world.ts'

const EMBEDDED: readonly WorldName[] = ['direct', 'bouncers']

/** Another server becomes the primary, and the old one follows it in the end. */
export const failovers: readonly Fault[] = [
  {
    name: 'promotion',
    worlds: EMBEDDED,
    hits: 'replica',
    isAlone: true,
    run: async ({ tell, world }, server) => {
      await clusterOf(world).promote(nodeOf(world, server))
      tell(`${server.name} is the primary`)
      await knownAsPrimary(world, server)
    },
  },
  {
    name: 'promotion-after-kill',
    worlds: EMBEDDED,
    hits: 'replica',
    isAlone: true,
    run: async (scene, server) => {
      const { tell, world } = scene
      const old = await world.primary()
      await recordLastRows(scene, old)
      await old.kill()
      await old.network.cut()
      old.network.resume()
      // The other replica may have received more than this one.
      await clusterOf(world).promote(nodeOf(world, server))
      tell(`${server.name} is the primary`)
      await knownAsPrimary(world, server)
      await hold(scene)
      await old.start()
      await old.network.restore()
      tell(`${old.name} follows it`)
    },
  },
  { name: 'split-brain', worlds: EMBEDDED, hits: 'replica', isAlone: true, run: splitBrain },
  {
    name: 'patroni-switchover',
    worlds: ['patroni'],
    hits: 'any',
    isAlone: true,
    run: async ({ tell, world }) => {
      tell(`${await world.switchover?.()}`)
      await world.healed()
    },
  },
  {
    name: 'patroni-agent-kill',
    worlds: ['patroni'],
    hits: 'primary',
    isAlone: true,
    isSlow: true,
    run: async (scene, server) => {
      const { tell, world } = scene
      await world.killAgent?.(server)
      // Its lock on the leadership runs out, and its server still takes writes.
      let next = server
      while (next === server) {
        await hold(scene)
        next = await world.primary().catch(() => server)
      }
      tell(`${next.name} is the leader`)
      await knownAsPrimary(world, next)
      const fence = fenced(scene, server)
      await hold(scene)
      await recordLastRows(scene, server)
      await world.startAgent?.(server)
      server.network.resume()
      await world.healed()
      fence.untilMs = performance.now()
    },
  },
]

/** The old primary is cut off and goes on taking writes; then it is reachable again. */
async function splitBrain(scene: Scene, server: ChaosServer): Promise<void> {
  const { tell, world } = scene
  const cluster = clusterOf(world)
  const old = await world.primary()
  await recordLastRows(scene, old)
  await cluster.promote(nodeOf(world, server), { oldPrimary: 'keep' })
  tell(`${server.name} is the primary, and ${old.name} takes writes, too`)
  await knownAsPrimary(world, server)
  const fence = fenced(scene, old)
  old.network.resume()
  await hold(scene)
  fence.untilMs = performance.now()
  await old.kill()
  // A promotion marks the servers that do not run: they are copied before they follow.
  const third = cluster.replicas.find(({ running }) => running)
  if (third === undefined) throw new Error('There is no third server')
  await cluster.promote(third)
  await old.start()
  tell(`${third.name} is the primary, and all others follow it`)
}

function fenced({ history }: Scene, { config }: ChaosServer): { untilMs: number } {
  const fence = { port: config.port, fromMs: performance.now(), untilMs: Infinity }
  history.fenced.push(fence)
  return fence
}

function clusterOf({ cluster }: Scene['world']): Cluster {
  if (cluster === undefined) throw new Error('This world has no embedded cluster')
  return cluster
}

function nodeOf(world: Scene['world'], { name }: ChaosServer): ClusterNode {
  const node = clusterOf(world).nodes.find((each) => each.name === name)
  if (node === undefined) throw new Error(`There is no ${name}`)
  return node
}
