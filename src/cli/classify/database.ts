import type { Client, ClientConfig } from 'pg'
import type { Catalog } from '../../catalog/catalog.ts'
import type { DeclaredName } from '../../catalog/declared.ts'
import { loadCatalog, type LoadOptions } from '../../catalog/loader.ts'
import { createLibpgQueryParser } from '../../statement/libpg-query-parser.ts'
import { provesRead } from '../../statement/proves-read.ts'
import { usesIn } from '../../statement/uses-in.ts'
import { CliError, EXIT_USAGE } from '../command.ts'
import { withConnection } from '../demo/connection.ts'
import { serverFailure } from '../demo/problems.ts'

/** Longer than the server's own timeout of the query, so that its error is reported. */
const ANSWER_TIMEOUT_MS = 65_000

/** Loads the catalog of a database over one connection. Rejects with a one-line message without the address. */
export async function catalogOf(database: ClientConfig, declared: readonly DeclaredName[]): Promise<Catalog> {
  const parser = createLibpgQueryParser()
  await parser.load()
  const options: LoadOptions = {
    declared,
    isRead: (body, known) => provesRead(parser, body, known),
    usesIn: (body) => usesIn(parser, body),
  }
  try {
    const config = { ...database, query_timeout: ANSWER_TIMEOUT_MS }
    return await withConnection(config, async (client) => {
      const loaded = await loadCatalog((sql) => lastRows(client, sql), 1, options)
      return loaded.catalog
    })
  } catch (error) {
    const { message } = serverFailure('The database', error)
    throw new CliError(message.replace(/\s*\n\s*/g, ' '), EXIT_USAGE, error)
  }
}

/** Returns the rows of the last statement of a text. */
async function lastRows(client: Client, sql: string): Promise<readonly unknown[]> {
  const answer: unknown = await client.query(sql)
  const last: unknown = Array.isArray(answer) ? answer.at(-1) : answer
  return (last as { readonly rows: readonly unknown[] }).rows
}
