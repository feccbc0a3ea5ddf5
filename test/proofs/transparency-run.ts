import type { Pool, PoolClient } from 'pg'
import type { Pool as RoutedPool } from '../../src/index.ts'
import { firstWord } from '../corpus/score.ts'
import { answerOf, type Answer } from './answers.ts'
import { TemporaryNames } from './temporary-names.ts'

/** The statements of one file, which run in order over one client. */
export interface Script {
  readonly file: string
  readonly statements: readonly string[]
}

/** One statement that was run. */
export interface Run {
  readonly file: string
  readonly sql: string
  readonly answer: Answer
  /** A SELECT outside of any transaction that touches nothing temporary: one that a replica might answer. */
  readonly couldMove: boolean
  readonly byReplica: boolean
}

/** How long an answer may take, in milliseconds: longer than the statements' own timeout. */
const PATIENCE_MS = 60_000

/** Runs scripts, each over a client of its own that is closed behind it, as `psql` would. */
export async function runScripts(
  pool: Pool,
  scripts: readonly Script[],
  onFile: (file: string) => void = () => {},
): Promise<readonly Run[]> {
  const runs: Run[] = []
  for (const { file, statements } of scripts) {
    onFile(file)
    const temporary = new TemporaryNames()
    let client = await checkOut(pool)
    for (const sql of statements) {
      temporary.note(sql)
      const isOutside = client.getTransactionStatus() === 'I'
      const before = replicaReads(pool)
      const answer = await answerOf(client, sql, PATIENCE_MS)
      const couldMove = isOutside && firstWord(sql) === 'select' && !temporary.isIn(sql)
      runs.push({ file, sql, answer, couldMove, byReplica: replicaReads(pool) > before })
      // Its connection is gone: terminated by itself, or never to be heard of again.
      if (answer.kind === 'none' || isLost(answer)) {
        client.release(true)
        client = await checkOut(pool)
      }
    }
    client.release(true)
  }
  return runs
}

async function checkOut(pool: Pool): Promise<PoolClient> {
  const client = await pool.connect()
  client.on('error', () => {})
  return client
}

function isLost(answer: Answer): boolean {
  return answer.kind === 'error' && (answer.code.startsWith('57P') || answer.code.startsWith('Connection'))
}

function replicaReads(pool: Pool): number {
  if (!('stats' in pool)) return 0
  let sum = 0
  for (const { role, reads } of (pool as RoutedPool).stats().nodes) if (role === 'replica') sum += reads
  return sum
}
