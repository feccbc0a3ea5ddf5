import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort } from '../../src/test-cluster/embedded/ports.ts'
import { until } from '../support/servers.ts'

export const RULES: string = resolve('examples/prometheus/alerts.yml')

/** Whether Debian's package `prometheus` is installed. */
export function hasPrometheus(): boolean {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export interface Prometheus extends AsyncDisposable {
  /** Values of an expression, by their labels as JSON. */
  ask(expression: string): Promise<ReadonlyMap<string, number>>
  /** Names of the loaded alert rules, with their health. */
  rules(): Promise<readonly (readonly [name: string, health: string])[]>
}

/** Starts a Prometheus that scrapes a port of this machine five times a second and loads the alert rules. */
export async function startPrometheus(target: number): Promise<Prometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'pg-switchyard-prometheus-'))
  const port = await freePort()
  const config = `global: { scrape_interval: 200ms, evaluation_interval: 200ms }
rule_files: ['${RULES}']
scrape_configs:
  - job_name: app
    static_configs: [{ targets: ['127.0.0.1:${target}'] }]
`
  writeFileSync(join(directory, 'prometheus.yml'), config)
  const child = spawn(
    'prometheus',
    [
      `--config.file=${directory}/prometheus.yml`,
      `--storage.tsdb.path=${directory}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  )
  const exited = once(child, 'exit')
  const get = async <T>(path: string): Promise<T | undefined> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined)
    // While it starts.
    if (response === undefined || response.status === 503) return undefined
    const body = (await response.json()) as { status?: string; data: T; error?: string }
    if (body.status !== 'success') throw new Error(`${path}: ${body.error}`)
    return body.data
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await exited
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await until('Prometheus answers', async () => (await get('status/buildinfo')) !== undefined)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    async ask(expression) {
      type Result = { result: { metric: object; value: [number, string] }[] }
      const data = await get<Result>(`query?query=${encodeURIComponent(expression)}`)
      const rows = data?.result.map(
        ({ metric, value }) => [JSON.stringify(metric), Number(value[1])] as const,
      )
      return new Map(rows)
    },
    async rules() {
      type Rules = { groups: { rules: { name: string; health: string }[] }[] }
      const data = await get<Rules>('rules')
      return (data?.groups ?? []).flatMap(({ rules }) =>
        rules.map(({ health, name }) => [name, health] as const),
      )
    },
    [Symbol.asyncDispose]: stop,
  }
}
