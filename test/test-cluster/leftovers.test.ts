import { readFile, rm } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { haveEnded, processTree } from '../../src/test-cluster/embedded/processes.ts'
import { until } from '../../src/test-cluster/wait.ts'
import type { Owner } from './owner.ts'
import {
  compileSources,
  contents,
  endOwners,
  makePlace,
  removePlace,
  segmentCreators,
  startOwner,
} from './owner.ts'

const LIMIT_MS = 15_000

let sources: string
let place: string

beforeAll(async () => {
  sources = await compileSources()
})
afterAll(() => rm(sources, { recursive: true, force: true }))
beforeEach(async () => {
  place = await makePlace()
})
afterEach(async () => {
  endOwners()
  await removePlace(place)
})

const start = (replicas: number): string => `
const cluster = await startCluster({ replicas: ${replicas}, directory: place })
console.log('ready')
`
const START = start(1)
// One server is ended as several are.
const START_ONE = start(0)
const WAIT = 'setInterval(() => {}, 1000)'

/** Starts an owner, takes stock of its processes when it is ready, lets `end` happen and expects nothing to be left. */
async function expectNothingLeft(
  program: string,
  end: (owner: Owner) => unknown = () => undefined,
): Promise<number | string> {
  const owner = startOwner(sources, place, program)
  expect(await owner.line()).toBe('ready')
  const processes = (await processTree(owner.pid)).filter((pid) => pid !== owner.pid)
  // At least a postmaster with its children, and the watchdog.
  expect(processes.length).toBeGreaterThan(5)
  await end(owner)
  const ended = await owner.ended
  await untilGone(processes)
  const creators = await segmentCreators()
  expect(processes.filter((pid) => creators.includes(pid))).toEqual([])
  return ended
}

async function untilGone(processes: readonly number[]): Promise<void> {
  await until('the servers to end', LIMIT_MS, async () => (await haveEnded(processes)) || undefined)
  await until(
    'the directory to vanish',
    LIMIT_MS,
    async () => (await contents(place)).length === 0 || undefined,
  )
}

describe('nothing is left', () => {
  test('when stop() has resolved', async () => {
    const check = `
      import { existsSync, readdirSync } from 'node:fs'
      process.stdin.resume()
      process.once('SIGUSR2', async () => {
        const pids = cluster.nodes.map(node => node.pid)
        await cluster.stop()
        const alive = pids.filter(pid => existsSync('/proc/' + pid))
        console.log(JSON.stringify([readdirSync(place), alive, cluster.nodes.some(node => node.running)]))
        process.exit(3)
      })
      ${START} ${WAIT}`
    const ended = await expectNothingLeft(check, async (owner) => {
      process.kill(owner.pid, 'SIGUSR2')
      expect(await owner.line()).toBe('[[],[],false]')
    })
    expect(ended).toBe(3)
  })

  // The process waits for its standard input, which never comes, so that its children can be counted first.
  test.each([
    ['process.exit', 'process.exit(4)', 4],
    ['an error that nobody catches', "throw new Error('boom')", 1],
    ['the end of a program that forgets to stop', '', 0],
  ])('after %s', async (_, how, code) => {
    const program = `
      const go = new Promise(resolve => process.once('SIGUSR2', resolve))
      const waiting = setInterval(() => {}, 1000)
      ${START_ONE}
      await go
      clearInterval(waiting)
      ${how}`
    expect(await expectNothingLeft(program, (owner) => process.kill(owner.pid, 'SIGUSR2'))).toBe(code)
  })

  test.each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('after %s', async (signal) => {
    expect(await expectNothingLeft(START_ONE + WAIT, (owner) => process.kill(owner.pid, signal))).toBe(signal)
  })

  test.each(['SIGINT', 'SIGKILL'] as const)('after %s for its whole process group', async (signal) => {
    expect(await expectNothingLeft(START + WAIT, (owner) => process.kill(-owner.pid, signal))).toBe(signal)
  })

  test('after SIGKILL of a process whose nodes were killed, stopped and frozen', async () => {
    const program = `
      import { spawnSync } from 'node:child_process'
      const cluster = await startCluster({ replicas: 4, directory: place })
      const [killed, stopped, frozen, shot] = cluster.replicas
      console.log('ready')
      process.once('SIGUSR2', async () => {
        await killed.kill()
        await stopped.stop('immediate')
        await frozen.freeze()
        process.kill(shot.pid, 'SIGKILL')
        console.log('hurt')
      })
      ${WAIT}`
    await expectNothingLeft(program, async (owner) => {
      process.kill(owner.pid, 'SIGUSR2')
      expect(await owner.line()).toBe('hurt')
      process.kill(owner.pid, 'SIGKILL')
    })
  })

  test.each(['.', 'node1', 'node1.log', 'node2', 'node2.log'])(
    'after SIGKILL in the midst of a start, when %s has just appeared',
    async (path) => {
      const program = `startCluster({ replicas: 2, directory: place }).catch(() => undefined)\n${WAIT}`
      const owner = startOwner(sources, place, program)
      await until(
        `${path} to appear`,
        LIMIT_MS,
        async () => (await contents(place)).includes(path) || undefined,
      )
      const processes = await processTree(owner.pid)
      process.kill(owner.pid, 'SIGKILL')
      await owner.ended
      await untilGone(processes)
    },
  )

  test.skipIf(process.platform !== 'linux')('when stop() finds its watchdog dead', async () => {
    const program = `
      import { execSync } from 'node:child_process'
      ${START_ONE}
      process.once('SIGUSR2', async () => {
        await cluster.stop()
        console.log('stopped')
        process.exit(0)
      })
      ${WAIT}`
    await expectNothingLeft(program, async (owner) => {
      const watchdogs = await watchdogsOf(owner.pid)
      expect(watchdogs).toHaveLength(1)
      for (const pid of watchdogs) process.kill(pid, 'SIGKILL')
      process.kill(owner.pid, 'SIGUSR2')
      expect(await owner.line()).toBe('stopped')
    })
  })
})

async function watchdogsOf(owner: number): Promise<readonly number[]> {
  const all = await processTree(owner)
  const commands = await Promise.all(
    all.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  return all.filter((_, index) => commands[index]?.includes('pg-switchyard-watchdog'))
}
