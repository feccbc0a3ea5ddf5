import { Client, DatabaseError, type ClientConfig } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { contentsOf } from '../../support/contents.ts'
import type { Piece, Program } from './program.ts'

/** What a client got for a statement. */
export interface Answer {
  /** `ok`, or the SQLSTATE of the error. */
  readonly outcome: string
  /** Rows in any order, or the error's message. */
  readonly text: string
}

const LARGE_OBJECTS = 'pg_catalog.pg_largeobject'

/** One database of its own, in which statements are tried out and undone. */
export class Arena {
  readonly client: Client
  readonly #owner: Client
  readonly #database: string
  /** Puts all sequences where they were: no rollback does. */
  #restoring = ''

  private constructor(owner: Client, database: string, client: Client) {
    this.#owner = owner
    this.#database = database
    this.client = client
  }

  static async open(owner: Client, config: ClientConfig, database: string): Promise<Arena> {
    await owner.query(`CREATE DATABASE ${database}`)
    const client = new Client({ ...config, database })
    client.on('error', () => {})
    await client.connect()
    await client.query(`SET max_stack_depth = '400kB'; SET client_min_messages = error; SET statement_timeout = '5s';
      SET jit = off; CREATE DOMAIN public.proof_small AS int CHECK (VALUE < 100);
      CREATE COLLATION public.proof_blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA c; SET search_path = a, b, c`)
    return new Arena(owner, database, client)
  }

  async close(): Promise<void> {
    await this.client.end()
    await this.#owner.query(`DROP DATABASE ${this.#database} WITH (FORCE)`)
  }

  /** Runs a piece's definitions as a whole. Gives the error if there is one; then nothing of it remains. */
  async build(piece: Piece, client: Client = this.client): Promise<string | undefined> {
    try {
      await client.query(`BEGIN; ${piece.ddl.join(';\n')}; COMMIT`)
      return undefined
    } catch (error) {
      await client.query('ROLLBACK')
      return messageOf(error)
    }
  }

  /** Begins the transaction in which everything is tried out. */
  async begin(): Promise<void> {
    await this.client.query(`GRANT USAGE ON SCHEMA a, b, c TO proof_guest;
      GRANT ALL ON ALL TABLES IN SCHEMA a, b, c TO proof_guest; GRANT ALL ON ALL SEQUENCES IN SCHEMA a, b, c TO proof_guest`)
    const { rows } = await this.client.query<{ text: string }>(`
      SELECT format('SELECT setval(%L, last_value, is_called) FROM %I.%I', format('%I.%I', n.nspname, c.relname), n.nspname, c.relname) AS text
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND c.oid >= 16384`)
    const restoring: string[] = []
    for (const { text } of rows) {
      const [name = ''] = /'.*'/.exec(text) ?? []
      const state = await this.client.query<{ last_value: string; is_called: boolean }>(
        `SELECT last_value, is_called FROM ${name.slice(1, -1)}`,
      )
      const [{ is_called: isCalled, last_value: last } = { is_called: false, last_value: '1' }] = state.rows
      restoring.push(`setval(${name}, ${last}, ${isCalled})`)
    }
    this.#restoring = restoring.length === 0 ? '' : `SELECT ${restoring.join(', ')};`
    await this.client.query(`${this.#restoring} BEGIN`)
  }

  async end(): Promise<void> {
    await this.client.query('ROLLBACK')
  }

  /** Runs a statement and undoes it. */
  async ask(program: Program): Promise<Answer> {
    // An earlier statement may have made constraints immediate; and plans may hold what a function returned then.
    const ready = `DISCARD PLANS; SET CONSTRAINTS ALL IMMEDIATE;`
    const text = `SAVEPOINT asked; ${settings(program)} ${ready} ${program.sql}; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO asked; RELEASE asked`
    return this.#undone(text, program)
  }

  /** Runs a statement, looks at what came of it, and undoes it. */
  async try(program: Program, look: (answer: Answer) => Promise<void>): Promise<void> {
    const answer = await this.#run(program)
    // What a sequence gave is given, also by a statement that failed.
    await look(answer)
    await this.client.query(`ROLLBACK TO tried; RELEASE tried; ${this.#restoring}`)
  }

  async contents(): Promise<ReadonlyMap<string, string>> {
    const rows = async (sql: string): Promise<readonly unknown[]> =>
      (await this.client.query<object>(sql)).rows
    const large = await this.client.query<{ sum: string }>(
      `SELECT md5(COALESCE(string_agg(ROW(l.*)::text, ',' ORDER BY loid, pageno), '')) AS sum FROM pg_largeobject l`,
    )
    return new Map([...(await contentsOf(rows)), [LARGE_OBJECTS, large.rows[0]?.sum ?? '']])
  }

  async #run(program: Program): Promise<Answer> {
    const start = `SAVEPOINT tried; ${settings(program)}`
    const finish =
      'SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL ROLE NONE; SET LOCAL search_path = a, b, c; SET LOCAL enable_seqscan = on'
    try {
      if (program.lines === undefined && program.values === undefined) {
        return { outcome: 'ok', text: rowsIn(await this.client.query(`${start} ${program.sql}; ${finish}`)) }
      }
      await this.client.query(`${start} DISCARD PLANS; SET CONSTRAINTS ALL IMMEDIATE`)
      const text =
        program.lines === undefined
          ? rowsIn(await this.client.query(program.sql, [...(program.values ?? [])]))
          : await this.#copy(program.sql, program.lines)
      await this.client.query(finish)
      return { outcome: 'ok', text }
    } catch (error) {
      const answer = answerOf(error)
      await this.client.query('ROLLBACK TO tried')
      return answer
    }
  }

  async #undone(text: string, program: Program): Promise<Answer> {
    if (program.lines !== undefined || program.values !== undefined) {
      const answer = await this.#run(program)
      await this.client.query(`ROLLBACK TO tried; RELEASE tried; ${this.#restoring}`)
      return answer
    }
    let answer: Answer
    try {
      answer = { outcome: 'ok', text: rowsIn(await this.client.query(text)) }
    } catch (error) {
      answer = answerOf(error)
      await this.client.query('ROLLBACK TO asked; RELEASE asked')
    }
    if (this.#restoring !== '' && !isPlainRead(program.sql)) await this.client.query(this.#restoring)
    return answer
  }

  #copy(sql: string, lines: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const stream = this.client.query(copyFrom(sql))
      stream.on('error', reject)
      stream.on('finish', () => resolve(''))
      stream.end(lines)
    })
  }
}

function settings({ asGuest, byIndex, path }: Program): string {
  return `SET LOCAL search_path = ${path};${byIndex ? ' SET LOCAL enable_seqscan = off;' : ''}${asGuest ? ' SET LOCAL ROLE proof_guest;' : ''}`
}

/** Nothing in it moves a sequence. */
function isPlainRead(sql: string): boolean {
  return /^(TABLE|SELECT \*) \S+$/.test(sql)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function answerOf(error: unknown): Answer {
  if (!(error instanceof DatabaseError) || error.code === undefined || error.severity === 'FATAL') throw error
  return { outcome: error.code, text: error.message }
}

interface Result {
  readonly rows: readonly object[]
  readonly rowCount: number | null
  readonly command: string
}

function rowsIn(answer: unknown): string {
  const results = (Array.isArray(answer) ? answer : [answer]) as readonly Result[]
  return results
    .filter(({ command }) => command !== 'SET' && command !== 'SAVEPOINT')
    .map(
      ({ command, rowCount, rows }) =>
        `${command} ${rowCount} ${rows
          .map((row) => JSON.stringify(row))
          .toSorted()
          .join()}`,
    )
    .join('\n')
}
