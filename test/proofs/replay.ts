import type { Statement } from '../../src/statement/statement.ts'
import type { Outcome } from '../corpus/outcomes.ts'
import type { Answer } from './connection.ts'
import type { ProvingGround } from './proving-ground.ts'

/** One statement of the corpus, met again. */
export interface Replayed {
  readonly outcome: Outcome
  readonly statement: Statement
  /** What the primary answered this time. */
  readonly primary: Answer
  /** What the standby answered this time; only reads are sent there. */
  readonly standby?: Answer
}

/** Runs the statements in order, one connection to the primary for each file, judging each just before it runs. */
export async function replay(
  ground: ProvingGround,
  outcomes: readonly Outcome[],
  onFile: (file: string) => void = () => {},
): Promise<readonly Replayed[]> {
  const replayed: Replayed[] = []
  await ground.catalog()
  let file = ''
  let client = ground.client()
  for (const outcome of outcomes) {
    if (outcome.file !== file) {
      file = outcome.file
      await client.close()
      client = ground.client()
      ground.changed()
      onFile(file)
    }
    const statement = await ground.judge(outcome.sql)
    const standby = statement.kind === 'read' ? await ground.askStandby(outcome.sql) : undefined
    const primary = await client.answer(outcome.sql)
    if (statement.kind !== 'read') ground.changed()
    replayed.push({ outcome, statement, primary, ...(standby !== undefined && { standby }) })
  }
  await client.close()
  return replayed
}
