// `node --import pg-switchyard/register` and `node --require pg-switchyard/register`: see docs/start/register.md.
import process from 'node:process'
import { isJestWorker } from '../platform/jest-worker.ts'
import { pgModule } from '../platform/pg.ts'
import { watchForBypass } from './bypass.ts'
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
      'Jest gives each test a copy of pg of its own, so statements of tests are not routed. ' +
        "Name 'pg-switchyard/register' in Jest's option setupFiles",
      { type: 'pg-switchyard', code: 'SWITCHYARD_BESIDE_JEST' },
    )
  }
  const bypassed = (): void =>
    process.emitWarning(
      'The program connects to DATABASE_URL without the pg that register has replaced, so nothing is routed. ' +
        'It may be a bundle that contains pg, or use another copy of pg (npm ls pg) or another driver. ' +
        'Leave pg out of the bundle, or import pg-switchyard/register first inside of it',
      { type: 'pg-switchyard', code: 'SWITCHYARD_REGISTER_BYPASSED' },
    )
  // Sockets are those of the whole process, but under Jest this module belongs to one test file.
  install(pgModule, registration, isJestWorker() ? undefined : watchForBypass(registration.primary, bypassed))
}
