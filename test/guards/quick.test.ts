import { expect, test } from 'vitest'
import type { Guard } from './guard.ts'
import { proveGuards, type Finding } from './prove.ts'
import { QUICK } from './table.ts'

const prove = (guards: readonly Guard[]): Promise<readonly Finding[]> =>
  proveGuards(process.cwd(), guards, () => {})

// `npm run proof:guards` takes all.
test('the tests notice when one of these guards is missing', async ({ annotate }) => {
  const findings = await prove(QUICK)
  for (const { by, guard } of findings) await annotate(`${guard.name}: ${by}`)
  expect(findings.filter(({ isNoticed }) => !isNoticed)).toEqual([])
  expect(findings).toHaveLength(QUICK.length)
}, 300_000)

test('a change that breaks no promise is not noticed', async () => {
  const harmless: Guard = {
    name: 'harmless',
    without: 'Nothing goes wrong.',
    file: 'src/consistency/position.ts',
    find: 'seen.timeline >= wanted.timeline &&',
    replace: 'wanted.timeline <= seen.timeline &&',
    tests: [{ file: 'src/consistency/position.test.ts' }],
  }
  expect(await prove([harmless])).toMatchObject([{ isNoticed: false, by: 'all tests pass' }])
}, 120_000)

test('a source that does not load is not a guard that was noticed', async () => {
  const broken: Guard = {
    name: 'broken',
    without: 'The source is not valid.',
    file: 'src/consistency/position.ts',
    find: 'seen.timeline >= wanted.timeline &&',
    replace: '&& &&',
    tests: [{ file: 'src/consistency/position.test.ts' }],
  }
  const [finding] = await prove([broken])
  expect(finding).toMatchObject({ isNoticed: false })
  expect(finding?.by).toContain('not an expected failure')
}, 120_000)
