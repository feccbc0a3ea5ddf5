import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { prometheusMetrics } from '../../src/metrics/index.ts'
import { ALL_INSTRUMENTS } from '../../src/metrics/instruments.ts'
import { metricName } from '../../src/metrics/prometheus-names.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { until } from '../support/servers.ts'
import { hasPrometheus, RULES, startPrometheus, type Prometheus } from './prometheus.ts'

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets: readonly { readonly expr: string }[]
  }[]
}

const dashboard = JSON.parse(readFileSync('examples/prometheus/dashboard.json', 'utf8')) as Dashboard
const SUFFIX = /_(?:bucket|sum|count)$/

it('the dashboard and the alerts use metrics that exist, and the dashboard uses all of them', () => {
  const names = new Set(ALL_INSTRUMENTS.map(([name, instrument]) => metricName(name, instrument)))
  const used = (text: string): string[] =>
    [...text.matchAll(/\b(?:switchyard|db_client)_[a-z_]+/g)].map(([name]) =>
      names.has(name) ? name : name.replace(SUFFIX, ''),
    )
  const shown = new Set(dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => used(expr))))
  for (const name of [...shown, ...used(readFileSync(RULES, 'utf8'))]) expect(names).toContain(name)
  // The share since the start is for people who read the numbers; the dashboard shows that of the range.
  expect([...names].filter((name) => !shown.has(name))).toEqual(['switchyard_offload_ratio'])
})

// Debian's package `prometheus`, which .ci/run installs.
describe.skipIf(!hasPrometheus())('a real Prometheus (skipped where promtool is not installed)', () => {
  let cluster: Cluster
  let pool: Pool
  let server: Server
  let prometheus: Prometheus

  beforeAll(async () => {
    cluster = await startClusterWith({ replicas: 2 }, itemsTable(20))
    pool = poolOver(cluster, { probeIntervalMs: 100 })
    await replicasReady(pool)
    const register = new Registry()
    prometheusMetrics({ pools: { shop: pool }, register })
    server = createServer((_request, response) => {
      response.setHeader('content-type', register.contentType)
      void register.metrics().then((text) => response.end(text))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    prometheus = await startPrometheus((server.address() as AddressInfo).port)
  })

  afterAll(async () => {
    await prometheus?.[Symbol.asyncDispose]()
    server?.close()
    await pool?.end()
    await cluster?.stop()
  })

  const valueOf = async (expression: string): Promise<number | undefined> =>
    (await prometheus.ask(expression)).values().next().value

  it('accepts the rules', () => {
    expect(execFileSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' })).toContain('SUCCESS')
  })

  it('scrapes what has happened', async () => {
    for (let i = 0; i < 20; i++) await pool.query('select label from items where id = $1', [i])
    await pool.query('insert into items values (1)').catch(() => {})
    await until('the reads are scraped', async () => {
      const reads = 'sum(switchyard_node_reads_total{role="replica"})'
      return ((await valueOf(reads)) ?? 0) >= 20
    })
    expect(await valueOf('switchyard_statements_total{role="primary",reason="not-a-read"}')).toBe(1)
    expect(await valueOf('count(switchyard_node_lag_seconds)')).toBe(2)
    const failed = 'db_client_operation_duration_seconds_count{error_type="23505"}'
    expect(await valueOf(failed)).toBe(1)
  })

  it('loads every rule, and understands every expression of the dashboard', async () => {
    const names = [...readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name)
    await until('every rule was evaluated', async () => {
      const rules = await prometheus.rules()
      return rules.length === names.length && rules.every(([, health]) => health === 'ok')
    })
    for (const { targets, title } of dashboard.panels) {
      for (const { expr } of targets) {
        const asked = expr.replaceAll('$__rate_interval', '1m').replaceAll('$pool', '.*')
        await prometheus.ask(asked)
        // A rate needs two scrapes.
        if (!/Statements|Duration|Lag|State|Connections/.test(title)) continue
        await until(`"${title}" shows something`, async () => (await prometheus.ask(asked)).size > 0)
      }
    }
  })

  it('sees that no replica is left', async () => {
    const expression = `(count by (pool) (switchyard_node_state) > 1) unless on (pool) count by (pool) (switchyard_node_state{state="replica"})`
    expect(await valueOf(expression)).toBeUndefined()
    await Promise.all(cluster.replicas.map((replica) => replica.kill()))
    await until('Prometheus sees it', async () => (await valueOf(expression)) === 3)
  })
})
