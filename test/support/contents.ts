/** The rows of one statement. */
export type Rows = (sql: string) => Promise<readonly unknown[]>

/** What stands in each ordinary relation of users, by its name as in SQL: a number of rows and a sum over them. */
export async function contentsOf(rows: Rows): Promise<ReadonlyMap<string, string>> {
  const relations = (await rows(`
    SELECT format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm', 'S') AND c.relpersistence <> 't' AND c.relispopulated
    ORDER BY 1`)) as readonly { readonly name: string }[]
  if (relations.length === 0) return new Map()
  const each = relations.map(
    ({ name }) => `SELECT '${name.replaceAll("'", "''")}' AS name,
      count(*) || ' ' || COALESCE(sum(hashtextextended(ROW(t.*)::text, 0)::numeric), 0) AS sum FROM ONLY ${name} t`,
  )
  const sums = (await rows(each.join('\nUNION ALL\n'))) as readonly {
    readonly name: string
    readonly sum: string
  }[]
  return new Map(sums.map(({ name, sum }) => [name, sum]))
}

/** Names of relations that are in both, with other contents. */
export function changedBetween(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  return [...before].filter(([name, sum]) => after.has(name) && after.get(name) !== sum).map(([name]) => name)
}
