import { parseArgs } from 'node:util'
import { proveGuards } from './prove.ts'
import { GUARDS, QUICK } from './table.ts'

/** Removes one guard after the other from a copy of the source and shows which tests notice. Fails when one goes unnoticed. */
const { values: options } = parseArgs({
  options: {
    /** Name of a guard, or the beginning of one; may be given several times. */
    only: { type: 'string', multiple: true, default: [] },
    list: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
})

const { list, only, quick } = options
const chosen = (quick ? QUICK : GUARDS).filter(
  ({ name }) => only.length === 0 || only.some((start) => name.startsWith(start)),
)
if (chosen.length === 0) throw new Error(`No guard is named so: ${only.join(', ')}`)
if (list) for (const { name, without } of chosen) console.log(`${name}: ${without}`)
else {
  const startedAtMs = performance.now()
  const findings = await proveGuards(process.cwd(), chosen, ({ by, elapsedMs, guard, isNoticed }) => {
    const seconds = (elapsedMs / 1000).toFixed(0)
    console.log(
      `${isNoticed ? 'noticed' : 'NOT NOTICED'} ${guard.name} (${seconds} s)\n  ${guard.without}\n  ${by}`,
    )
  })
  const noticed = findings.filter(({ isNoticed }) => isNoticed).length
  const minutes = ((performance.now() - startedAtMs) / 60_000).toFixed(1)
  console.log(`${noticed} of ${findings.length} guards noticed in ${minutes} minutes`)
  if (noticed < findings.length) process.exitCode = 1
}
