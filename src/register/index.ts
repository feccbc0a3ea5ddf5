// `node --import pg-switchyard/register` and `node --require pg-switchyard/register`: see docs/register.md.
import process from 'node:process'
import { pgModule } from '../platform/pg.ts'
import { install } from './install.ts'
import { registrationOf } from './registration.ts'

const registration = registrationOf(process.env)
if (registration === 'no-replicas') {
  process.emitWarning('DATABASE_REPLICA_URLS names no replica, so statements are not routed', {
    type: 'pg-switchyard',
    code: 'SWITCHYARD_NO_REPLICAS',
  })
} else if (registration !== undefined) {
  install(pgModule, registration)
}
