import { refusals } from '../corpus/score.ts'
import type { ProvingGround } from '../proofs/proving-ground.ts'
import { changesBetween, stateOnStandby } from './session-state.ts'

/** What came of statements that a program has made up. */
export interface MadeUp {
  readonly statements: number
  readonly reads: number
  /** How many were judged something else than a read, by reason. */
  readonly others: Readonly<Record<string, number>>
  /** What the standby answered to the reads, and how often. */
  readonly answers: Readonly<Record<string, number>>
  readonly dangerous: readonly { readonly sql: string; readonly why: string }[]
}

/** So many reads run before the session is looked at. */
const BATCH = 50

/** Judges statements and runs those that are reads on the standby. */
export async function runMadeUp(
  ground: ProvingGround,
  statements: AsyncIterable<string>,
  report: (text: string) => void,
): Promise<MadeUp> {
  const standby = ground.standbyClient({ statement_timeout: 300 })
  const primary = ground.client({ statement_timeout: 300 })
  const answers: Record<string, number> = {}
  const others: Record<string, number> = {}
  const dangerous: { sql: string; why: string }[] = []
  let [judged, reads] = [0, 0]
  let batch: string[] = []
  let state = await stateOnStandby(standby)
  const lookAtSession = async (): Promise<void> => {
    const now = await stateOnStandby(standby)
    if (changesBetween(state, now).length > 0) dangerous.push(...(await changing(ground, batch)))
    state = now
    batch = []
  }
  for await (const sql of statements) {
    judged += 1
    if (judged % 10_000 === 0) report(`${judged} statements, ${reads} reads`)
    const { kind, reason } = await ground.judge(sql)
    if (kind !== 'read') {
      others[reason] = (others[reason] ?? 0) + 1
      continue
    }
    reads += 1
    await ground.caughtUp()
    const answer = await standby.answer(sql)
    answers[answer] = (answers[answer] ?? 0) + 1
    if (refusals.has(answer) && (await primary.answer(sql)) === 'ok') {
      dangerous.push({ sql, why: `the standby answered ${answer}` })
    }
    batch.push(sql)
    if (batch.length === BATCH) await lookAtSession()
  }
  await lookAtSession()
  await Promise.all([standby.close(), primary.close()])
  return { statements: judged, reads, others, answers, dangerous }
}

/** Finds the statements that change a session, each on its own. */
async function changing(
  ground: ProvingGround,
  batch: readonly string[],
): Promise<readonly { sql: string; why: string }[]> {
  const found = []
  for (const sql of batch) {
    const connection = ground.standbyClient({ statement_timeout: 300 })
    const before = await stateOnStandby(connection)
    await connection.answer(sql)
    const changes = changesBetween(before, await stateOnStandby(connection))
    if (changes.length > 0) found.push({ sql, why: `it changed on the standby: ${changes.join(', ')}` })
    await connection.close()
  }
  return found
}
