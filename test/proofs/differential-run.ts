import fc from 'fast-check'
import { refusals } from '../corpus/score.ts'
import { grammarSchema } from './grammar-schema.ts'
import { statements } from './grammar.ts'
import type { ProvingGround } from './proving-ground.ts'

export interface DifferentialOptions {
  readonly statements: number
  readonly seed: number
}

export interface DifferentialFigures {
  readonly judged: number
  readonly reads: number
  /** What the standby answered to the reads, and how often. */
  readonly answers: Readonly<Record<string, number>>
}

/**
 * Makes up statements, and runs on the standby those that are judged a read. None may be refused.
 *
 * @throws Error of fast-check, with the shortest statement that was found, and the seed to find it again
 */
export async function runDifferential(
  ground: ProvingGround,
  { statements: numRuns, seed }: DifferentialOptions,
): Promise<DifferentialFigures> {
  const client = ground.client()
  await client.rows(grammarSchema)
  ground.changed()
  const answers: Record<string, number> = {}
  let [judged, reads] = [0, 0]
  const property = fc.asyncProperty(statements, async (sql) => {
    judged += 1
    if ((await ground.judge(sql)).kind !== 'read') return
    reads += 1
    const answer = await ground.askStandby(sql)
    answers[answer] = (answers[answer] ?? 0) + 1
    // What the primary does not take either is refused for what it is, not for where it is.
    if (refusals.has(answer) && (await client.answer(sql)) === 'ok')
      throw new Error(`A standby answered ${answer} to a read: ${sql}`)
  })
  try {
    await fc.assert(property, { numRuns, seed })
  } finally {
    await client.close()
  }
  return { judged, reads, answers }
}
