import { parseArgs } from 'node:util'
import { createRandom } from '../../src/cli/demo/random.ts'
import { applyDelay } from '../../test/support/apply-delay.ts'
import { OrmGround } from '../../test/orms/orm-ground.ts'
import { ormAdapters } from '../../test/orms/adapters/all.ts'
import type { Orm } from '../../test/orms/orm.ts'
import { rounded } from '../../test/proofs/timings.ts'
import { writeResult } from '../support/environment.ts'

/**
 * Measures which share of an ORM's reads replicas answer, in a program that mostly reads. It has several callers at
 * once, one write in twenty calls, and replicas that lag a little. The servers count.
 */
const { values: options } = parseArgs({
  options: {
    callers: { type: 'string', default: '8' },
    calls: { type: 'string', default: '2000' },
    'delay-ms': { type: 'string', default: '10' },
    people: { type: 'string', default: '100' },
    out: { type: 'string', default: 'bench/results/orms.json' },
  },
})
const callers = Number(options.callers)
const calls = Number(options.calls)
const delayMs = Number(options['delay-ms'])
const people = Number(options.people)
const WRITES = 0.05

type Read = (orm: Orm, id: number) => Promise<unknown>
const reads: readonly [Read, ...Read[]] = [
  (orm, id) => orm.find(id),
  (orm, id) => orm.notesOf(id),
  (orm) => orm.list(),
  (orm) => orm.count(),
]

interface OrmFigures {
  readonly calls: number
  readonly writes: number
  /** SELECT statements that were asked for; one call may need several. */
  readonly reads: number
  /** Of those, answered by the primary. */
  readonly onPrimary: number
  /** Of the reads, 0 to 1. */
  readonly offload: number
}

async function measure(ground: OrmGround, database: string, orm: Orm): Promise<OrmFigures> {
  const random = createRandom(1)
  await orm.migrate()
  for (let id = 1; id <= people; id++) {
    await orm.insert({ id, email: `${id}@example.com`, name: `person ${id}` })
    await orm.addNote(id, 'a note')
  }
  await ground.replicasServe(database, orm)
  const statements: number[] = []
  for (const read of reads) {
    const { replicas } = await ground.during(database, () => read(orm, 1))
    statements.push(replicas.reads)
  }

  let [left, asked, written] = [calls, 0, 0]
  const caller = async (): Promise<void> => {
    while (left-- > 0) {
      const id = random.integer(1, people)
      if (random.between(0, 1) < WRITES) {
        written += 1
        await orm.rename(id, `renamed ${left}`)
        continue
      }
      const kind = random.integer(0, reads.length - 1)
      asked += statements[kind] ?? 0
      await reads[kind]?.(orm, id)
    }
  }
  await Promise.all(ground.cluster.replicas.map((node) => applyDelay(node, delayMs)))
  const { primary } = await ground.during(database, () =>
    Promise.all(Array.from({ length: callers }, caller)),
  )
  await Promise.all(ground.cluster.replicas.map((node) => applyDelay(node, 0)))
  const offload = rounded(1 - primary.reads / asked, 3)
  return { calls, writes: written, reads: asked, onPrimary: primary.reads, offload }
}

const orms: Record<string, OrmFigures> = {}
{
  await using ground = await OrmGround.start()
  for (const { name, open } of ormAdapters) {
    const orm = await open(await ground.database(name))
    try {
      const figures = await measure(ground, name, orm)
      orms[name] = figures
      console.log(
        `${name.padEnd(12)} ${figures.reads} reads, ${figures.writes} writes, ${(100 * figures.offload).toFixed(1)} % off the primary`,
      )
    } finally {
      await orm.close()
    }
  }
}

writeResult(options.out, { bench: 'orms', callers, delayMs, orms })
