import { drizzleAdapter } from '../support/orms/drizzle.ts'
import { knexAdapter } from '../support/orms/knex.ts'
import { kyselyAdapter } from '../support/orms/kysely.ts'
import { pgPromiseAdapter } from '../support/orms/pg-promise.ts'
import { itsOrmsConform } from './conformance.ts'

itsOrmsConform([drizzleAdapter, kyselyAdapter, knexAdapter, pgPromiseAdapter])
