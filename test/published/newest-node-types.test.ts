import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installPacked, manifest, root, type Consumer } from '../package/install.ts'

// The declarations are made with the types of the oldest Node.js, and applications check them with the newest, too.

let consumer: Consumer
beforeAll(() => {
  consumer = installPacked()
  for (const name of ['@types/pg', '@opentelemetry/api', 'prom-client']) consumer.link(name)
  mkdirSync(join(consumer.folder, 'node_modules/@types'), { recursive: true })
  const newest = join(import.meta.dirname, 'node_modules/node-types-26')
  symlinkSync(newest, join(consumer.folder, 'node_modules/@types/node'), 'junction')
})
afterAll(() => consumer.remove())

test('all entries, with the types of Node.js 26', { timeout: 120_000 }, () => {
  const typescript = join(root, 'node_modules/typescript')
  const { bin } = JSON.parse(readFileSync(join(typescript, 'package.json'), 'utf8')) as {
    bin: { tsc: string }
  }
  const entries = Object.entries(manifest.exports).filter(([, target]) => typeof target === 'object')
  consumer.write('all.mts', entries.map(([name]) => `import 'pg-switchyard${name.slice(1)}'\n`).join(''))
  const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node']
  let errors = ''
  try {
    consumer.node(join(typescript, bin.tsc), ...options, 'all.mts')
  } catch (error) {
    errors = (error as { stdout: string }).stdout
  }
  expect(errors).toBe('')
})
