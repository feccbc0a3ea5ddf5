import { builders } from './adapters/all.ts'
import { kyselyAdapter } from './adapters/kysely.ts'
import type { OrmAdapter } from './orm.ts'
import { itsOrmsConform } from './conformance.ts'

/** A checkout for each statement, each of which holds a connection to the primary from the start. */
const eager: OrmAdapter = {
  ...kyselyAdapter,
  name: 'kysely, eager',
  open: (options) => kyselyAdapter.open({ ...options, checkout: 'eager' }),
}

itsOrmsConform([...builders, eager])
