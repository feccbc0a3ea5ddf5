import { Client } from 'pg'
import type { Direction } from '../../support/proxied-connection.ts'
import { ask, until } from '../../support/servers.ts'
import { codeOf } from './caller.ts'
import { failovers } from './failovers.ts'
import type { Fault } from './fault.ts'
import { hold, meanwhile, recordLastRows, type Scene } from './scene.ts'
import { missingForSmallDisk, SmallDisk } from './small-disk.ts'
import { APP } from './tables.ts'
import type { ChaosServer, WorldName } from './world.ts'

const EVERYWHERE: readonly WorldName[] = ['direct', 'bouncers', 'patroni']
const EMBEDDED: readonly WorldName[] = ['direct', 'bouncers']

/** Runs a statement as a superuser. Replay may cancel it, as any other one. */
async function admin(server: ChaosServer, sql: string): Promise<unknown> {
  try {
    return await ask(server.config, sql)
  } catch (error) {
    if (codeOf(error) !== '40001') throw error
    return admin(server, sql)
  }
}

async function delayed(
  scene: Scene,
  network: ChaosServer['network'],
  ms: number,
  only?: Direction,
): Promise<void> {
  network.delay(ms, only)
  try {
    await hold(scene)
  } finally {
    network.delay(0)
  }
}

async function killed(scene: Scene, server: ChaosServer): Promise<void> {
  await server.kill()
  await hold(scene)
  await server.start()
}

async function frozen(scene: Scene, server: ChaosServer): Promise<void> {
  await server.freeze()
  try {
    await hold(scene)
  } finally {
    await server.thaw()
  }
}

async function reconfigured(scene: Scene, server: ChaosServer, setting: string): Promise<void> {
  const [name = ''] = setting.split(' ')
  await admin(server, `alter system set ${setting}`)
  await admin(server, 'select pg_reload_conf()')
  await hold(scene)
  await admin(server, `alter system reset ${name}`)
  await admin(server, 'select pg_reload_conf()')
}

/** Changes where names lead, for new connections, and ends the old ones. */
async function renamed(scene: Scene, change: (name: string) => string | undefined): Promise<void> {
  const { names, servers } = scene.world
  if (names === undefined) throw new Error('This world has no names')
  const before = servers.map(({ name, network }) => ({ name: `${name}.db.test`, address: network.config }))
  for (const { name } of before) {
    const leadsTo = change(name.split('.')[0] ?? '')
    names.set(name, before.find((each) => each.name === `${leadsTo}.db.test`)?.address)
  }
  const end = async (): Promise<void> => {
    for (const { network } of servers) await network.cut().then(() => network.restore())
  }
  await end()
  await hold(scene)
  for (const { address, name } of before) names.set(name, address)
  await end()
}

/** All kinds of faults, failovers included. A run deals them out by its seed. */
export const FAULTS: readonly Fault[] = [
  { name: 'replica-kill', worlds: EVERYWHERE, hits: 'replica', run: killed },
  {
    name: 'replica-restart',
    worlds: EMBEDDED,
    hits: 'replica',
    run: async (scene, server) => {
      await server.stop?.()
      await hold(scene)
      await server.start()
    },
  },
  { name: 'replica-freeze', worlds: EVERYWHERE, hits: 'replica', run: frozen },
  {
    name: 'primary-kill',
    worlds: EVERYWHERE,
    hits: 'primary',
    isAlone: true,
    run: async (scene, server) => {
      // Patroni may promote another server.
      if (scene.world.name === 'patroni') await recordLastRows(scene, server)
      await server.kill()
      server.network.resume()
      await hold(scene)
      await server.start()
    },
  },
  { name: 'primary-freeze', worlds: EMBEDDED, hits: 'primary', run: frozen },
  {
    name: 'network-stall',
    worlds: EVERYWHERE,
    hits: 'any',
    run: async (scene, { network }) => {
      network.stall()
      try {
        await hold(scene)
      } finally {
        network.resume()
      }
    },
  },
  {
    name: 'network-cut',
    worlds: EVERYWHERE,
    hits: 'any',
    run: async (scene, { network }) => {
      await network.cut()
      try {
        await hold(scene)
      } finally {
        await network.restore()
      }
    },
  },
  {
    name: 'network-resets',
    worlds: EVERYWHERE,
    hits: 'any',
    run: (scene, { network }) => meanwhile(scene, 200, () => network.cut().then(() => network.restore())),
  },
  {
    name: 'network-forgets',
    worlds: EVERYWHERE,
    hits: 'any',
    run: async (scene, { network }) => {
      network.forget()
      await hold(scene)
    },
  },
  {
    name: 'network-slow',
    worlds: EVERYWHERE,
    hits: 'any',
    run: (scene, { network }) => delayed(scene, network, scene.random.between(20, 300)),
  },
  {
    name: 'network-one-way-stall',
    worlds: EVERYWHERE,
    hits: 'any',
    run: async (scene, { network }) => {
      network.stall(scene.random.pick(['to-server', 'to-client']))
      try {
        await hold(scene)
      } finally {
        network.resume()
      }
    },
  },
  {
    name: 'network-one-way-delay',
    worlds: EVERYWHERE,
    hits: 'any',
    run: (scene, { network }) =>
      delayed(scene, network, scene.random.between(50, 600), scene.random.pick(['to-server', 'to-client'])),
  },
  {
    name: 'replay-pause',
    worlds: EVERYWHERE,
    hits: 'replica',
    run: async (scene, server) => {
      await admin(server, 'select pg_wal_replay_pause()')
      await hold(scene)
      await admin(server, 'select pg_wal_replay_resume()')
    },
  },
  {
    name: 'replay-lag',
    worlds: EMBEDDED,
    hits: 'replica',
    run: (scene, server) => reconfigured(scene, server, `recovery_min_apply_delay = '300ms'`),
  },
  {
    name: 'replication-cut',
    worlds: EVERYWHERE,
    hits: 'primary',
    run: (scene, server) =>
      meanwhile(scene, 100, () => admin(server, 'select pg_terminate_backend(pid) from pg_stat_replication')),
  },
  {
    name: 'backends-terminated',
    worlds: EVERYWHERE,
    hits: 'any',
    run: (scene, server) =>
      meanwhile(scene, 100, () => {
        const share = scene.random.between(0.1, 0.9)
        return admin(
          server,
          `select pg_terminate_backend(pid) from pg_stat_activity
           where usename = '${APP.user}' and random() < ${share}`,
        )
      }),
  },
  {
    name: 'connections-exhausted',
    worlds: ['direct', 'patroni'],
    hits: 'any',
    run: async (scene, server) => {
      const taken: Client[] = []
      try {
        await meanwhile(scene, 50, () => takeAll(server, taken))
      } finally {
        await Promise.all(taken.map((client) => client.end()))
      }
    },
  },
  {
    name: 'reads-cancelled-by-replay',
    worlds: EVERYWHERE,
    hits: 'primary',
    run: (scene, server) =>
      meanwhile(scene, 150, () =>
        admin(server, 'begin; lock table items, registers in access exclusive mode; commit'),
      ),
  },
  {
    name: 'schema-changes',
    worlds: EVERYWHERE,
    hits: 'primary',
    run: async (scene, server) => {
      let isWide = false
      const change = (): Promise<unknown> => {
        isWide = !isWide
        return admin(server, `alter table registers alter column n type ${isWide ? 'bigint' : 'int'}`)
      }
      await meanwhile(scene, 400, change)
      if (isWide) await change()
    },
  },
  {
    name: 'disk-full',
    worlds: EMBEDDED,
    hits: 'replica',
    missing: missingForSmallDisk,
    run: diskFull,
  },
  {
    name: 'dns-swapped',
    worlds: ['direct'],
    hits: 'any',
    isAlone: true,
    run: (scene) => {
      const next = new Map([
        ['node1', 'node2'],
        ['node2', 'node3'],
        ['node3', 'node1'],
      ])
      return renamed(scene, (name) => next.get(name))
    },
  },
  {
    name: 'dns-two-names',
    worlds: ['direct'],
    hits: 'replica',
    isAlone: true,
    run: async (scene, server) => {
      const primary = await scene.world.primary()
      await renamed(scene, (name) => (name === server.name ? primary.name : name))
    },
  },
  {
    name: 'dns-fails',
    worlds: ['direct'],
    hits: 'any',
    run: (scene, server) => renamed(scene, (name) => (name === server.name ? undefined : name)),
  },
  {
    name: 'address-of-a-standby',
    worlds: ['direct', 'patroni'],
    hits: 'primary',
    isAlone: true,
    run: misled,
  },
  {
    name: 'bouncer-restart',
    worlds: ['bouncers'],
    hits: 'any',
    run: async ({ world }, server) => world.restartBouncer?.(server),
  },
  ...failovers,
]

/**
 * New connections to the primary reach a standby with old rows, and statements need new ones. The probes of the pool keep
 * theirs to the primary.
 */
async function misled(scene: Scene, primary: ChaosServer): Promise<void> {
  const standby = scene.random.pick(scene.world.servers.filter((server) => server !== primary))
  const sql = `select pg_terminate_backend(pid) from pg_stat_activity
    where usename = '${APP.user}' and application_name <> 'pg-switchyard monitor'`
  await admin(standby, 'select pg_wal_replay_pause()')
  primary.network.lead([standby.config])
  try {
    await meanwhile(scene, 100, () => admin(primary, sql))
  } finally {
    primary.network.lead([primary.config])
  }
  // A connection that had reached the standby would show old rows.
  await hold(scene)
  await admin(standby, 'select pg_wal_replay_resume()')
}

/** Takes connections as the pool's role until the server has none left. */
async function takeAll({ config }: ChaosServer, taken: Client[]): Promise<void> {
  for (;;) {
    const client = new Client({
      ...config,
      ...APP,
      ssl: await speaksTls(config),
      connectionTimeoutMillis: 2_000,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      taken.push(client)
    } catch {
      return
    }
  }
}

const tls = new Map<number, Promise<false | { readonly rejectUnauthorized: false }>>()

function speaksTls(config: ChaosServer['config']): Promise<false | { readonly rejectUnauthorized: false }> {
  const known = tls.get(config.port)
  if (known !== undefined) return known
  const asked = ask(config, 'show ssl').then(([row]) =>
    row?.['ssl'] === 'on' ? ({ rejectUnauthorized: false } as const) : (false as const),
  )
  tls.set(config.port, asked)
  return asked
}

/** The replica's disk is full: it receives no WAL, writes no temporary files, and may die. */
async function diskFull(scene: Scene, server: ChaosServer): Promise<void> {
  const [row] = await ask(server.config, 'show data_directory')
  await server.stop?.()
  const disk = await SmallDisk.mount(String(row?.['data_directory']))
  try {
    await server.start()
    await disk.fill()
    const primary = await scene.world.primary()
    // The next segment of WAL has no room.
    await admin(primary, 'select pg_switch_wal()')
    scene.tell(`${server.name} has no room`)
    await hold(scene)
    await disk.free()
    // It may be on its way down.
    let why: unknown
    const answers = async (): Promise<boolean> => {
      try {
        await server.start()
        await admin(server, 'select 1')
        return true
      } catch (error) {
        why = error
        return false
      }
    }
    await until('it answers with room', answers, 60_000).catch(() => {
      throw new Error(`${server.name} does not answer, although it has room`, { cause: why })
    })
  } finally {
    await server.stop?.()
    await disk.unmount()
    await server.start()
  }
}
