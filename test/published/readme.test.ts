import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../package/install.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { urlOf } from '../support/cli.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'

// What a newcomer does: an empty project, the command of README.md that installs the package (of the tarball that npm would
// publish), and the code of README.md.

const readme = readFileSync(join(root, 'README.md'), 'utf8')
let project: string
let cluster: Cluster

function npm(cwd: string, ...args: readonly string[]): string {
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier']
  return execFileSync('npm', [...args, ...quiet], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'pg-switchyard-readme-'))
  cluster = await startClusterWith({ replicas: 2 }, itemsTable(10))
  const [packed] = JSON.parse(
    npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', project),
  ) as [{ readonly filename: string }]
  const install = /```sh\n(npm install pg-switchyard pg)\n```/.exec(readme)?.[1]
  const args = install?.replace('pg-switchyard', join(project, packed.filename)).split(' ').slice(1) ?? []
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  npm(project, ...args, '--prefer-offline')
}, 180_000)

afterAll(async () => {
  rmSync(project, { recursive: true, force: true })
  await cluster?.stop()
})

/** The code of the first block, with its changes made. */
function codeOfReadme(): string {
  const [, diff = ''] = /```diff\n([^]*?)```/.exec(readme) ?? []
  return diff
    .split('\n')
    .filter((line) => !line.startsWith('-'))
    .map((line) => line.slice(1))
    .join('\n')
}

test('the code of README.md reads from the replicas', () => {
  writeFileSync(
    join(project, 'app.js'),
    `${codeOfReadme()}
    await pool.ready()
    for (let i = 0; i < 10; i += 1) await pool.query('SELECT label FROM items WHERE id = $1', [1])
    await pool.query("INSERT INTO items VALUES (100, 'new')")
    const { nodes } = pool.stats()
    console.log(JSON.stringify(nodes.map(({ role, queries }) => [role, queries > 0])))
    await pool.end()`,
  )
  const [first, second] = cluster.replicas
  if (first === undefined || second === undefined) throw new Error('no replicas')
  const env = {
    ...process.env,
    DATABASE_URL: urlOf(cluster.primary),
    REPLICA_1_URL: urlOf(first),
    REPLICA_2_URL: urlOf(second),
  }
  const output = execFileSync(process.execPath, ['app.js'], { cwd: project, env, encoding: 'utf8' })
  expect(JSON.parse(output)).toEqual([
    ['primary', true],
    ['replica', true],
    ['replica', true],
  ])
})

test('the installed command answers the question of README.md', () => {
  const output = execFileSync(join(project, 'node_modules/.bin/pg-switchyard'), ['classify', 'SELECT 1'], {
    cwd: project,
    encoding: 'utf8',
  })
  expect(output).toContain('read')
})
