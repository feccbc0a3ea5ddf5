import { refusals } from '../corpus/score.ts'
import type { Connection } from '../proofs/connection.ts'
import type { ProvingGround } from '../proofs/proving-ground.ts'

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

/** What a read may not change of its session on a standby. */
const sessionQuestion = `SELECT concat_ws('|', current_user, session_user,
  (SELECT md5(string_agg(concat(name, '=', setting), ',' ORDER BY name)) FROM pg_settings),
  (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_listening_channels()),
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'),
  (SELECT count(*) FROM pg_replication_slots)) AS state`

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
  let state = await stateOf(standby)
  const lookAtSession = async (): Promise<void> => {
    const now = await stateOf(standby)
    if (now !== state) dangerous.push(...(await changing(ground, batch)))
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
    const before = await stateOf(connection)
    await connection.answer(sql)
    if ((await stateOf(connection)) !== before)
      found.push({ sql, why: 'it changed the session on the standby' })
    await connection.close()
  }
  return found
}

async function stateOf(connection: Connection): Promise<unknown> {
  const [row] = await connection.rows(sessionQuestion)
  return (row as { readonly state: unknown }).state
}
