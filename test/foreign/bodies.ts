import { parseArgs } from 'node:util'
import { ProvingGround } from '../proofs/proving-ground.ts'
import { BodyRunner, type ProvenBody } from './bodies-run.ts'
import type { ForeignScript } from './extract/script.ts'
import type { Project } from './projects.ts'
import { scriptsIn } from './scripts-of.ts'
import { SETTINGS } from './settings.ts'

/**
 * Makes the functions of other projects' suites, and has the bodies of those without a label analyzed. Fails when one that
 * was proven to read only writes; ends with 2 when `npm run foreign:fetch` has not brought the suites.
 */
const { values: options } = parseArgs({
  options: {
    folder: { type: 'string', default: '.foreign' },
    projects: { type: 'string' },
    /** Prints each proven body. */
    bodies: { type: 'boolean', default: false },
  },
})

const suites = scriptsIn(options.folder, options.projects)
if (suites !== undefined) {
  let dangers = 0
  for (const { project, scripts } of suites) dangers += await analyzeBodies(project, scripts)
  process.exitCode = dangers > 0 ? 1 : 0
}

/** Tells how many bodies were proven to read only, and write. */
async function analyzeBodies(
  { name: project, first = [] }: Project,
  scripts: readonly ForeignScript[],
): Promise<number> {
  const wanted = scripts.filter(({ statements }) =>
    statements.some(({ sql }) => /\bcreate\b[^;]*\bfunction\b/i.test(sql)),
  )
  const ground = await ProvingGround.open(SETTINGS)
  await ground.applyAtCommit()
  const runner = new BodyRunner(ground)
  const proven: ProvenBody[] = []
  let bodies = 0
  try {
    for (const script of wanted) {
      const isShared = first.some((end) => script.file.endsWith(end))
      const found = await runner.run(script, isShared)
      bodies += found.bodies
      proven.push(...found.proven)
    }
  } finally {
    await runner.close()
    await ground.close()
  }
  const dangerous = proven.filter(({ danger }) => danger !== undefined)
  const called = proven.filter(({ calls }) => calls > 0).length
  console.log(
    `${project}: ${bodies} bodies, ${proven.length} proven to read only, ${called} of these called, ${dangerous.length} dangerous`,
  )
  if (options.bodies) for (const { name, body } of proven) console.log(`--- ${name}\n${body}`)
  for (const one of dangerous) console.error(`  DANGEROUS: ${JSON.stringify(one)}`)
  return dangerous.length
}
