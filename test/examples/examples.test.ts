import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../package/install.ts'
import { readExample, runExample } from './example.ts'

const programs = readdirSync(join(root, 'examples')).filter((name) => /\.[cm]js$/.test(name))

describe('examples', () => {
  it('cover what a program has to know', () => {
    expect(programs.toSorted()).toEqual([
      'commonjs.cjs',
      'first-steps.mjs',
      'graceful-shutdown.mjs',
      'jobs-and-listen.mjs',
      'metrics.mjs',
      'read-only-report.mjs',
      'serverless-handler.mjs',
      'session-per-request.mjs',
      'tenants.mjs',
    ])
  })

  it.each(programs)('%s prints what its comment says', async (name) => {
    const path = `examples/${name}`
    const example = readExample(path)
    expect(example.command).toBe(`npm ci && npm run example ${path}`)
    expect(await runExample(path, example)).toEqual(example.prints)
  })

  // A read that waits for a replica goes to the primary where that is sooner, as long as it has room.
  it.each([...programs, 'tracing/tracing.mjs'])('%s prints the same where replicas follow slowly', (name) => {
    const text = readFileSync(join(root, 'examples', name), 'utf8')
    expect(text.includes('catchUpTimeoutMs')).toBe(text.includes('primarySpill: { share: 0 }'))
  })

  it('are all in the index, which says how to run one', () => {
    const index = readFileSync(join(root, 'examples/README.md'), 'utf8')
    expect(programs.filter((name) => !index.includes(`](${name})`))).toEqual([])
    expect(index).toContain('npm ci && npm run example examples/first-steps.mjs')
  })
})
