import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('../../examples/', import.meta.url))

/** A line that each program prints when it has done what it shows. */
const proofs: Readonly<Record<string, RegExp>> = {
  'first-steps.mjs':
    /^[1-9]\d* % of the reads[^]*SELECT \* FROM greetings {2}→ {2}replica \(select, [^]*FOR SHARE {2}→ {2}primary \(row-lock, not-a-read\)/m,
  'session-per-request.mjs': /POST \{"visits":1,"from":"replica"\}/,
  'job-queue.mjs': /order 3: parcel 3/,
  'commonjs.cjs': /\{ id: 2, balance: 130 \}/,
}

describe('examples', () => {
  it('are all known here', () => {
    const programs = readdirSync(folder).filter((name) => /\.[cm]js$/.test(name))
    expect(programs.toSorted()).toEqual(Object.keys(proofs).toSorted())
  })

  it.each(Object.entries(proofs))('%s runs', async (name, proof) => {
    // Node.js 20 warns when require() loads an ES module.
    const { stdout, stderr } = await run(process.execPath, ['--no-warnings', `${folder}${name}`])
    expect(stdout).toMatch(proof)
    expect(stderr).toBe('')
  })
})
