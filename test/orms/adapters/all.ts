import { drizzleAdapter } from './drizzle.ts'
import { knexAdapter } from './knex.ts'
import { kyselyAdapter } from './kysely.ts'
import { mikroOrmAdapter } from './mikro-orm.ts'
import { objectionAdapter } from './objection.ts'
import type { OrmAdapter } from '../orm.ts'
import { pgPromiseAdapter } from './pg-promise.ts'
import { prismaAdapter } from './prisma.ts'
import { sequelizeAdapter } from './sequelize.ts'
import { typeormAdapter } from './typeorm.ts'

/** Those that build queries. */
export const builders: readonly OrmAdapter[] = [
  drizzleAdapter,
  kyselyAdapter,
  knexAdapter,
  objectionAdapter,
  pgPromiseAdapter,
]

/** Those that map objects. */
export const mappers: readonly OrmAdapter[] = [
  typeormAdapter,
  prismaAdapter,
  mikroOrmAdapter,
  sequelizeAdapter,
]

export const ormAdapters: readonly OrmAdapter[] = [...builders, ...mappers]
