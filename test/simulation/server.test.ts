import { Client, DatabaseError, type ClientConfig } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { programOf, STANDBY, type ProgramStep } from './programs.ts'
import { Random } from './random.ts'
import { SCHEMA } from './statements.ts'
import { VirtualTime } from './virtual-time.ts'
import { World } from './world.ts'

const PROGRAMS = 250

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, SCHEMA)
})
afterAll(() => cluster.stop())

/** The outcome of one statement, as a caller sees it. */
async function outcomeOf(client: Client, { text, values }: ProgramStep): Promise<string> {
  const config = { text, values: [...values], rowMode: 'array' as const }
  const answer = await client.query(config).catch((error: Error) => error)
  if (answer instanceof DatabaseError) return `error ${answer.code}`
  if (answer instanceof Error) throw answer
  return `${answer.command} ${answer.rowCount} ${JSON.stringify(answer.rows)}`
}

/** Runs programs over connections that another way leads to, and returns the outcomes of each statement. */
async function runOver(
  clients: readonly Client[],
  programs: readonly (readonly ProgramStep[])[],
  caughtUp: () => Promise<unknown>,
): Promise<readonly string[][]> {
  const outcomes: string[][] = []
  for (const program of programs) {
    const told: string[] = []
    for (const step of program) {
      // What a replica shows is compared once it shows all.
      if (step.connection === STANDBY) await caughtUp()
      told.push(await outcomeOf(clients[step.connection] as Client, step))
    }
    outcomes.push(told)
  }
  return outcomes
}

async function onCluster(programs: readonly (readonly ProgramStep[])[]): Promise<readonly string[][]> {
  const [replica] = cluster.replicas
  const configs = [cluster.primary.config, cluster.primary.config, replica?.config] as ClientConfig[]
  const clients = configs.map((config) => new Client(config))
  await Promise.all(clients.map((client) => client.connect()))
  try {
    return await runOver(clients, programs, () => cluster.caughtUp())
  } finally {
    await Promise.all(clients.map((client) => client.end()))
  }
}

async function onSimulation(programs: readonly (readonly ProgramStep[])[]): Promise<readonly string[][]> {
  const time = new VirtualTime()
  const random = new Random('programs')
  time.reset(random)
  const plan = {
    replicas: 1,
    lagMs: 1,
    isSynchronous: false,
    maxConnections: 100,
    otherPerSecond: 0,
    redoGapMs: 3,
  }
  const world = new World(time, 'programs', plan, random)
  const clients = ['p', 'p', 'r1'].map(
    (host) => new Client({ host, user: 'app', password: 'secret', stream: world.network.socket as never }),
  )
  const [primary, replica] = world.servers
  let isOver = false
  const over = (async () => {
    await Promise.all(clients.map((client) => client.connect()))
    return runOver(clients, programs, async () => {
      while (replica?.replayed !== primary?.wal.length) {
        await new Promise<void>((resolve) => void time.timer(1, resolve))
      }
    })
  })().finally(() => (isOver = true))
  await time.run(() => isOver, Infinity)
  return over
}

describe('the simulated servers', () => {
  it('answer programs as PostgreSQL does', { timeout: 240_000 }, async () => {
    const random = new Random('the programs')
    const programs = Array.from({ length: PROGRAMS }, (_, index) => programOf(random, 1 + 100 * index))
    const [expected, simulated] = [await onCluster(programs), await onSimulation(programs)]
    const differences = programs.flatMap((program, index) => {
      const steps = program.map(({ connection, text, values }, at) => {
        const [real, ours] = [expected[index]?.[at], simulated[index]?.[at]]
        return `${connection}: ${text} [${values.join()}] → ${real}${real === ours ? '' : `, simulated ${ours}`}`
      })
      return steps.some((step) => step.includes(', simulated '))
        ? [`program ${index}:\n${steps.join('\n')}`]
        : []
    })
    expect(differences.slice(0, 2)).toEqual([])
    // The programs say something: statements fail, and replicas show rows.
    const all = expected.flat()
    for (const code of ['23505', '25006', '25P02', '40001', '3B001']) expect(all).toContain(`error ${code}`)
    expect(all.length).toBeGreaterThan(2000)
  })
})
