import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, totalmem } from 'node:os'
import { dirname } from 'node:path'

/** The facts about the machine that are needed to interpret a result. */
export function environment(): Record<string, unknown> {
  const require = createRequire(import.meta.url)
  const versionOf = (name: string): string => {
    const { version } = require(`${name}/package.json`) as { version: string }
    return version
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    commit: commit(),
    pg: versionOf('pg'),
    'libpg-query': versionOf('libpg-query'),
  }
}

function commit(): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

export function writeResult(path: string, result: object): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify({ ...environment(), ...result }, null, 2)}\n`)
}
