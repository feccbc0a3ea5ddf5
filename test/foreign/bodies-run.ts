import { refusals } from '../corpus/score.ts'
import type { Connection } from '../proofs/connection.ts'
import type { ProvingGround } from '../proofs/proving-ground.ts'
import type { ForeignScript } from './extract/script.ts'
import { omissionOf } from './left-out.ts'
import { changesBetween, stateOf } from './session-state.ts'

/** A function without a label whose body was proven to read only. */
export interface ProvenBody {
  readonly file: string
  readonly name: string
  readonly body: string
  /** Calls of it that the primary took. */
  readonly calls: number
  /** How a call of it wrote, or a word in it that says that it may. */
  readonly danger?: string
}

export interface BodyFigures {
  /** Volatile functions in PL/pgSQL or SQL that the scripts have made. */
  readonly bodies: number
  readonly proven: readonly ProvenBody[]
}

interface Routine {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly body: string
  /** The types of its arguments, and whether each is a number, a text or something else. */
  readonly types: readonly string[]
  readonly categories: readonly string[]
}

const routinesQuery = `SELECT p.oid::int, n.nspname AS schema, p.proname AS name, p.prosrc AS body,
    ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a(t, at) ORDER BY at) AS types,
    ARRAY(SELECT typcategory::text FROM unnest(p.proargtypes) WITH ORDINALITY AS a(t, at)
      JOIN pg_type ON pg_type.oid = t ORDER BY at) AS categories
  FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace JOIN pg_language l ON l.oid = prolang
  WHERE p.oid >= 16384 AND prokind = 'f' AND provolatile = 'v' AND lanname IN ('plpgsql', 'sql')
    AND prorettype <> 'trigger'::regtype AND prorettype <> 'event_trigger'::regtype`

/** Words that stand in no body that only reads, other than in texts and comments. */
const writing =
  /\b(?:insert\s+into|update\s+\w+\s+set|delete\s+from|merge\s+into|truncate|create\s+(?:temp|table|index|schema)|drop\s+\w+|alter\s+\w+|execute|notify|listen|lock\s+table|nextval|setval|set_config|pg_notify|for\s+(?:no\s+key\s+)?(?:update|share))\b/i

/** Makes the functions of scripts, and calls those that are proven to read only. */
export class BodyRunner {
  readonly #ground: ProvingGround
  readonly #admin: Connection
  readonly #standby: Connection
  #scripts = 0
  #lastOid = 0

  constructor(ground: ProvingGround) {
    this.#ground = ground
    this.#admin = ground.client()
    this.#standby = ground.standbyClient()
  }

  /** @param isShared whether it makes what later scripts use */
  async run({ file, statements }: ForeignScript, isShared: boolean): Promise<BodyFigures> {
    const schema = `foreign_${this.#scripts++}`
    const client = this.#ground.client({ statement_timeout: 5_000, lock_timeout: 1_000 })
    if (!isShared) {
      await this.#admin.answer(`CREATE SCHEMA ${schema}`)
      await client.answer(`SET search_path = ${schema}, public`)
    }
    for (const statement of statements) {
      const { reason } = this.#ground.parser.analyze(statement.sql)
      const isWanted = reason === 'ddl' || reason === 'set'
      if (isWanted && omissionOf(statement) === undefined) await client.answer(statement.sql)
    }
    this.#ground.changed()
    const routines = ((await this.#admin.rows(routinesQuery)) as readonly Routine[]).filter(
      ({ oid }) => oid > this.#lastOid,
    )
    const proven: ProvenBody[] = []
    for (const routine of routines) {
      this.#lastOid = Math.max(this.#lastOid, routine.oid)
      const found = await this.#call(client, routine)
      if (found !== undefined) proven.push({ file, name: routine.name, body: routine.body, ...found })
    }
    await client.close()
    if (!isShared) await this.#admin.answer(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
    return { bodies: routines.length, proven }
  }

  async close(): Promise<void> {
    await Promise.all([this.#admin.close(), this.#standby.close()])
  }

  async #call(
    client: Connection,
    routine: Routine,
  ): Promise<Pick<ProvenBody, 'calls' | 'danger'> | undefined> {
    let calls = 0
    for (const sql of callsOf(routine)) {
      if ((await this.#ground.judge(sql)).kind !== 'read') return undefined
      await this.#ground.caughtUp()
      const standby = await this.#standby.answer(sql)
      const before = await stateOf(client)
      const primary = await client.answer(sql)
      const after = await stateOf(client)
      if (primary !== 'ok') continue
      calls += 1
      if (refusals.has(standby)) return { calls, danger: `the standby answered ${standby} to ${sql}` }
      const changes = before === undefined || after === undefined ? [] : changesBetween(before, after)
      if (changes.length > 0) return { calls, danger: `${sql} changed ${changes.join(', ')}` }
    }
    const [word] = writing.exec(bare(routine.body)) ?? []
    return word === undefined ? { calls } : { calls, danger: `it has the words "${word}"` }
  }
}

/** Calls with NULLs, with small values and with larger ones. */
function callsOf({ schema, name, types, categories }: Routine): readonly string[] {
  const values = [
    () => 'NULL',
    (category: string) =>
      ({ N: "'1'", S: "'a'", B: "'true'", D: "'2020-01-01'", A: "'{}'" })[category] ?? 'NULL',
    (category: string) =>
      ({ N: "'20'", S: "'pg_class'", B: "'false'", D: "'now'", A: "'{1}'" })[category] ?? 'NULL',
  ]
  const calls = values.map((value) => {
    const args = types.map((type, at) => {
      const isPolymorphic = type.startsWith('any')
      return isPolymorphic ? 'NULL::int' : `${value(categories[at] ?? '')}::${type}`
    })
    return `SELECT * FROM ${quoted(schema)}.${quoted(name)}(${args.join(', ')})`
  })
  return [...new Set(calls)]
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function bare(body: string): string {
  return body.replaceAll(/--[^\n]*|\/\*[^]*?\*\/|'(?:[^']|'')*'/g, ' ')
}
