// `node --import pg-switchyard/register` and `node --require pg-switchyard/register`: see docs/start/register.md.
import process from 'node:process'
import { pgModule } from '../platform/pg.ts'
import { install } from './install.ts'
import { isBesideJest } from './jest.ts'
import { registrationOf } from './registration.ts'

const registration = registrationOf(process.env)
if (registration === 'no-replicas') {
  process.emitWarning('DATABASE_REPLICA_URLS names no replica, so statements are not routed', {
    type: 'pg-switchyard',
    code: 'SWITCHYARD_NO_REPLICAS',
  })
} else if (registration !== undefined) {
  if (isBesideJest(process)) {
    process.emitWarning(
      'Jest gives each test a copy of pg of its own, so statements of tests are not routed. Name ' +
        "'pg-switchyard/register' in " +
        "Jest's option " +
        'setupFiles',
      { type: 'pg-switchyard', code: 'SWITCHYARD_BESIDE_JEST' },
    )
  }
  install(pgModule, registration)
}
