import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { until } from '../support/servers.ts'
import { runDemo, startDemo } from './command.ts'

describe('on servers of its own', () => {
  test('no error, no stale read, most reads off the primary, while a replica lags', async () => {
    const { code, stdout, stderr } = await runDemo('--seconds', '5', '--json')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.match(/\n/g)).toHaveLength(1)

    const report: unknown = JSON.parse(stdout)
    const node = { id: expect.any(String) as string, queries: expect.any(Number) as number }
    expect(report).toMatchObject({
      seconds: 5,
      seed: 1,
      errors: 0,
      violations: 0,
      nodes: [
        { ...node, name: 'primary', role: 'primary', lagMs: null },
        { ...node, name: 'replica 1' },
        { ...node, name: 'replica 2' },
      ],
      crossCheck: { method: 'pg_stat_statements', agrees: true },
      kindsOfErrors: {},
      staleReads: [],
    })
    const { queries, checks, offload, p50Ms, p99Ms, events } = report as Record<string, number> & {
      readonly events: readonly { readonly node: string; readonly what: string }[]
    }
    expect(queries).toBeGreaterThan(100)
    expect(checks).toBeGreaterThan(0)
    expect(offload).toBeGreaterThan(0.8)
    expect(offload).toBeLessThanOrEqual(1)
    expect(p50Ms).toBeGreaterThan(0)
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms ?? NaN)
    expect(events[0]).toMatchObject({ node: 'replica 2', what: 'replay paused' })
  }, 90_000)

  test('a replica lags, dies and is back at its share within 3 s, told in 80 columns, with what to do next', async () => {
    const { code, stdout, stderr } = await runDemo('--seconds', '15')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])

    const story = [...stdout.matchAll(/ s  replica 2  (.+)/g)].map(([, what]) => what)
    const told = ['replay paused', 'out of the rotation', 'replay resumed', 'back in', 'kill -9', 'down']
    const steps = story.filter((what) => !what?.startsWith('back at its share'))
    expect(steps.slice(0, told.length)).toEqual(told.map((words) => expect.stringContaining(words) as string))

    const [after = ''] = stdout.split('starting again').slice(1)
    const atSeconds = (what: string): number =>
      Number(new RegExp(`^ *([\\d.]+) s  replica 2  ${what}`, 'm').exec(after)?.[1])
    expect(atSeconds('back at its share: \\d+ % of the reads')).toBeLessThanOrEqual(
      atSeconds('back in the rotation') + 3,
    )

    expect(stdout.slice(stdout.indexOf('  What next?'))).toMatch(
      /^ {2}What next\?\n[^]*npx pg-switchyard dry-run [^]*npx pg-switchyard demo --primary [^]*#install\n$/,
    )
  }, 90_000)

  // Whose children they are is read from /proc.
  test.runIf(process.platform === 'linux')(
    'SIGTERM: every server is ended',
    async () => {
      const demo = startDemo('--seconds', '60', '--json')
      let servers: readonly number[] = []
      await until(
        'all three servers run',
        () => {
          servers = childrenOf(demo.process.pid)
          return servers.length >= 4 // and the watchdog
        },
        30_000,
      )
      demo.process.kill('SIGTERM')
      const { code, stdout, stderr } = await demo.ended
      expect([code, stdout]).toEqual([143, ''])
      expect(stderr).toBe('Interrupted. Everything that the demo made is removed.\n')
      await until('the servers are gone', () => servers.every((pid) => !isAlive(pid)))
    },
    60_000,
  )
})

test('its help fits 80 columns', async () => {
  const { code, stdout } = await runDemo('--help')
  expect(code).toBe(0)
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
})

test('a wrong option: one sentence, exit code 2', async () => {
  const { code, stdout, stderr } = await runDemo('--seconds', '0')
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toBe(
    'pg-switchyard demo: Option "--seconds" must be a number above 0 and at most 86400; received "0"\n',
  )
})

function childrenOf(parent: number | undefined): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent)
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    // It has ended since it was listed.
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
