import { Client, type ClientConfig, DatabaseError } from 'pg'
import type { Catalog, QualifiedName } from '../../src/catalog/catalog.ts'
import type { CatalogQuery } from '../../src/catalog/loader.ts'

/** Runs texts over one connection, and gives the rows of the last statement of each. */
export function queryOver(client: Client): CatalogQuery {
  return async (sql) => {
    const answer: unknown = await client.query(sql)
    const last: unknown = Array.isArray(answer) ? answer.at(-1) : answer
    return (last as { readonly rows: readonly unknown[] }).rows
  }
}

export async function connected(config: ClientConfig): Promise<Client> {
  const client = new Client(config)
  await client.connect()
  return client
}

/** `ok`, or the SQLSTATE of the error. */
export async function outcome(client: Client, sql: string): Promise<string> {
  try {
    await client.query(`BEGIN; ${sql}`)
    return 'ok'
  } catch (error) {
    if (error instanceof DatabaseError && error.code !== undefined) return error.code
    throw error
  } finally {
    await client.query('ROLLBACK')
  }
}

/** `schema.name` or `name`, folded already. */
export function named(text: string): QualifiedName {
  const [first = '', second] = text.split(/(?<=^\w+)\.(?=.)/)
  return second === undefined ? { name: first } : { schema: first, name: second }
}

export function verdictOn(
  catalog: Catalog,
  object: 'function' | 'relation' | 'operator' | 'type',
  name: QualifiedName,
): string {
  switch (object) {
    case 'function':
      return catalog.functionVerdict(name)
    case 'relation':
      return catalog.relationVerdict(name)
    case 'operator':
      return catalog.operatorVerdict(name)
    case 'type':
      return catalog.typeVerdict(name)
  }
}
