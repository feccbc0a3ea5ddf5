import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text, withReplicas } from 'drizzle-orm/pg-core'
import { Kysely, PostgresDialect } from 'kysely'
import { KyselyReplicationDialect } from 'kysely-replication'
import { RoundRobinReplicaStrategy } from 'kysely-replication/strategy/round-robin'
import type { Pool as PgPool } from 'pg'

/** A way to read one product. */
export type ReadProduct = (id: number) => Promise<unknown>

const products = pgTable('products', {
  id: integer('id').primaryKey(),
  label: text('label').notNull(),
  price: integer('price').notNull(),
})

interface Database {
  readonly products: { readonly id: number; readonly label: string; readonly price: number }
}

export function readWithDrizzle(primary: PgPool, replicas: readonly PgPool[]): ReadProduct {
  const main = drizzle({ client: primary })
  const [first, ...others] = replicas.map((client) => drizzle({ client }))
  const db = first === undefined ? main : withReplicas(main, [first, ...others])
  return (id) => db.select().from(products).where(eq(products.id, id))
}

export function readWithKysely(primary: PgPool, replicas: readonly PgPool[]): ReadProduct {
  const primaryDialect = new PostgresDialect({ pool: primary })
  const [first, ...others] = replicas.map((pool) => new PostgresDialect({ pool }))
  const dialect =
    first === undefined
      ? primaryDialect
      : new KyselyReplicationDialect({
          primaryDialect,
          replicaDialects: [first, ...others],
          replicaStrategy: new RoundRobinReplicaStrategy({ onTransaction: 'error' }),
        })
  const db = new Kysely<Database>({ dialect })
  return (id) => db.selectFrom('products').selectAll().where('id', '=', id).execute()
}
