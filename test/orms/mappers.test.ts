import { mikroOrmAdapter } from '../support/orms/mikro-orm.ts'
import { objectionAdapter } from '../support/orms/objection.ts'
import { prismaAdapter } from '../support/orms/prisma.ts'
import { typeormAdapter } from '../support/orms/typeorm.ts'
import { itsOrmsConform } from './conformance.ts'

itsOrmsConform([typeormAdapter, prismaAdapter, mikroOrmAdapter, objectionAdapter])
