import { builtinCatalog } from '../../catalog/builtin-catalog.ts'
import { withDeclared } from '../../catalog/declared-catalog.ts'
import { createSession } from '../../consistency/session.ts'
import { decideRoute, type Asked, type RoutingPolicy } from '../../routing/decide.ts'
import type { Route } from '../../routing/route.ts'
import { classify } from '../../statement/classify.ts'
import type { Statement } from '../../statement/statement.ts'
import { catalogOf } from './database.ts'
import { readDeclared } from './declared-file.ts'
import type { ClassifyCommandOptions } from './options.ts'

/** A statement and where the pool would send it, outside of a transaction and in a session that has not written. */
export interface Judgement {
  readonly statement: Statement
  readonly route: Route
}

export type JudgeText = (sql: string) => Promise<Judgement>

/** Bounds do not matter in a session that has not written. */
const ANY_POLICY: RoutingPolicy = { consistency: 'eventual', windowMs: 0, maxStalenessMs: 0 }

const NOTHING_ASKED: Asked = { request: {}, keyValues: [] }

/** Loads the declarations and the database's catalog, and returns a function that judges texts. */
export async function openJudge(
  options: Pick<ClassifyCommandOptions, 'database' | 'declaredFile'>,
): Promise<JudgeText> {
  const { database, declaredFile } = options
  const declared = declaredFile === undefined ? [] : await readDeclared(declaredFile)
  const catalog =
    database === undefined ? withDeclared(builtinCatalog, declared) : await catalogOf(database, declared)
  const assumeTables = database === undefined
  const session = createSession()
  return async (sql) => {
    const statement = await classify(sql, { catalog, assumeTables })
    return { statement, route: decideRoute(statement, session, NOTHING_ASKED, ANY_POLICY, 0) }
  }
}

/** Formats a judgement as JSON: the statement without its text, and the role of the node that it goes to. */
export function asJson({ statement, route }: Judgement): string {
  const { kind, reason, footprint, ...facts } = statement
  return JSON.stringify({ kind, reason, role: route.role, ...facts, footprint })
}
