import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { figuresOf } from '../figures.ts'
import { projects } from '../projects.ts'
import { runAll } from '../run-all.ts'
import { sampleOf } from '../sample.ts'
import { scriptsOf } from '../scripts-of.ts'

// A short version of `npm run proof:foreign`.
const folder = '.foreign'
const chosen = projects.filter(({ name }) => ['sqlc', 'citus', 'risingwave'].includes(name))
const missing = chosen.filter(({ name }) => !existsSync(`${folder}/${name}`)).map(({ name }) => name)
const why =
  missing.length === 0 ? '' : ` (skipped: "npm run foreign:fetch" has not brought ${missing.join(', ')})`

describe.skipIf(missing.length > 0)(`statements of others${why}`, () => {
  test.each(chosen.map((project) => [project.name, project] as const))(
    'no judgement of those of %s is dangerous',
    async (_, project) => {
      const scripts = sampleOf(scriptsOf(folder, project) ?? [], project.first, 800)
      const { rows } = await runAll(project, scripts, 2)
      const { dangerous, selects, selectsRead } = figuresOf(rows)
      expect(rows.length).toBeGreaterThan(300)
      expect(dangerous).toEqual([])
      expect(selectsRead / selects).toBeGreaterThan(0.8)
    },
    300_000,
  )
})
