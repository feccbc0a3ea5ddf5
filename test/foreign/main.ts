import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fillIn } from '../proofs/page.ts'
import type { ForeignScript } from './extract/script.ts'
import { figuresOf, figuresTable, missedReasons, type Figures } from './figures.ts'
import { Records } from './records.ts'
import { runAll } from './run-all.ts'
import { sampleOf } from './sample.ts'
import { scriptsIn, type ProjectScripts } from './scripts-of.ts'

/**
 * Runs the statements of other projects' suites on a primary and a standby, and compares with how they were judged. Fails
 * when a judgement was dangerous; ends with 2 when `npm run foreign:fetch` has not brought the suites.
 */
const { values: options } = parseArgs({
  options: {
    /** Where the suites are. */
    folder: { type: 'string', default: '.foreign' },
    /** Names of projects, separated by commas. */
    projects: { type: 'string' },
    /** At most so many statements of each project: scripts at equal distances. */
    most: { type: 'string' },
    /** So many pairs of servers share the scripts of a project. */
    jobs: { type: 'string', default: '2' },
    /** Runs nothing: gives the figures of the last runs. */
    recorded: { type: 'boolean', default: false },
    /** A page that takes the table. */
    page: { type: 'string' },
    /** Only scripts whose path contains this. */
    only: { type: 'string' },
  },
})

const suites = scriptsIn(options.folder, options.projects)
if (suites !== undefined) {
  process.exitCode = (await runProjects(suites)) ? 1 : 0
}

function isWanted({ file }: ForeignScript): boolean {
  return options.only === undefined || file.includes(options.only)
}

/** Tells whether a judgement was dangerous. */
async function runProjects(all: readonly ProjectScripts[]): Promise<boolean> {
  const records = new Records(join(options.folder, 'outcomes'))
  const figures = new Map<string, Figures>()
  for (const { project, scripts } of all) {
    const startedAt = performance.now()
    const outcome = options.recorded
      ? records.read(project.name)
      : await runAll(
          project,
          sampleOf(scripts.filter(isWanted), project.first, Number(options.most ?? Infinity)),
          Number(options.jobs),
        )
    if (!options.recorded) records.write(project.name, outcome)
    const { rows, omitted } = outcome
    const found = figuresOf(rows)
    figures.set(project.name, found)
    const seconds = Math.round((performance.now() - startedAt) / 1_000)
    if (rows.length === 0) throw new Error(`No statement of ${project.name} has run`)
    console.log(`${project.name}: ${rows.length} statements in ${seconds} s`)
    for (const [reason, number] of omitted) console.log(`  left out, ${reason}: ${number}`)
    for (const line of missedReasons(found)) console.log(`  missed, ${line}`)
    for (const row of found.dangerous) console.error(`  DANGEROUS: ${JSON.stringify(row)}`)
    for (const row of found.inconsistent)
      console.log(`  judged otherwise with a cache: ${JSON.stringify(row)}`)
  }
  const table = figuresTable(figures)
  console.log(`\n${table}`)
  if (options.page !== undefined) fillIn(options.page, 'foreign', table)
  return [...figures.values()].some(({ dangerous }) => dangerous.length > 0)
}
