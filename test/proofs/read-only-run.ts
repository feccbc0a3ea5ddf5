import type { Pool, PoolClient } from 'pg'
import { answerOf, difference, type Answer } from './answers.ts'
import type { Script } from './transparency-run.ts'

/** How long an answer may take, in milliseconds: longer than the statements' own timeout. */
const PATIENCE_MS = 60_000

const SHOWN = 'select count(*) from pg_class where oid < 2000'

/** A statement that was answered differently in a read-only transaction over a routed client. */
export interface Difference {
  readonly file: string
  readonly sql: string
  readonly level: string
  readonly cause: string
  readonly bare: string
  readonly routed: string
}

export interface ReadOnlyFindings {
  readonly statements: number
  /** Those that bare clients answer in different ways. */
  readonly unstable: number
  readonly differences: readonly Difference[]
}

/**
 * Runs each statement of the scripts in a read-only transaction behind a first read, twice over a bare pool and once
 * over a routed one, and then for itself, so that the next one finds what it has made.
 */
export async function runReadOnly(
  bare: Pool,
  routed: Pool,
  scripts: readonly Script[],
  levels: readonly string[],
): Promise<ReadOnlyFindings> {
  const differences: Difference[] = []
  let unstable = 0
  let statements = 0
  for (const { file, statements: texts } of scripts) {
    const clients = new Clients()
    for (const sql of texts) {
      for (const level of levels) {
        statements += 1
        const [one, other] = [
          await clients.inTransaction('one', bare, level, sql),
          await clients.inTransaction('other', bare, level, sql),
        ]
        const cause = differenceIn(one, other)
        const subject = await clients.inTransaction('routed', routed, level, sql)
        const found = differenceIn(one, subject)
        if (cause !== undefined) unstable += 1
        else if (found !== undefined) {
          const [was, is] = [excerptOf(one), excerptOf(subject)]
          differences.push({ file, sql, level, cause: found, bare: was, routed: is })
        }
      }
      await clients.forItself(bare, sql)
    }
    clients.close()
  }
  return { statements, unstable, differences }
}

/** The clients of one script: one for each transaction, and one for the statements themselves. */
class Clients {
  readonly #clients = new Map<string, PoolClient>()

  async inTransaction(name: string, pool: Pool, level: string, sql: string): Promise<readonly Answer[]> {
    const answers: Answer[] = []
    for (const text of [`begin isolation level ${level} read only`, SHOWN, sql, SHOWN, 'rollback']) {
      answers.push(await this.#answer(name, pool, text))
    }
    // A client that holds state would begin the next one on the primary.
    this.#clients.get(name)?.release(true)
    this.#clients.delete(name)
    return answers.slice(1, 4)
  }

  async forItself(pool: Pool, sql: string): Promise<void> {
    await this.#answer('itself', pool, sql)
  }

  close(): void {
    for (const client of this.#clients.values()) client.release(true)
  }

  async #answer(name: string, pool: Pool, sql: string): Promise<Answer> {
    let client = this.#clients.get(name)
    if (client === undefined) {
      client = await pool.connect()
      client.on('error', () => {})
      this.#clients.set(name, client)
    }
    const answer = await answerOf(client, sql, PATIENCE_MS)
    const isLost = answer.kind === 'error' && /^(57P|Connection|Client)/.test(answer.code)
    if (answer.kind === 'none' || isLost) {
      client.release(true)
      this.#clients.delete(name)
    }
    return answer
  }
}

function differenceIn(some: readonly Answer[], others: readonly Answer[]): string | undefined {
  for (const [index, answer] of some.entries()) {
    const other = others[index]
    const found = other === undefined ? 'missing' : difference(answer, other)
    if (found !== undefined) return found
  }
  return undefined
}

function excerptOf(answers: readonly Answer[]): string {
  return answers.map(({ excerpt }) => excerpt.slice(0, 300)).join(' | ')
}
