import { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import { expect, test } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { Lanes } from './lanes.ts'
import { NamedReads } from './named-reads.ts'
import { PreparedStatements } from './prepared-statements.ts'

/** An idle connection that can pipeline. */
class IdleConnection extends EventEmitter {
  readonly release: () => void
  pipeline = false
  readonly connectionParameters = {}
  readonly connection = { parsedStatements: {}, submittedNamedStatements: {}, stream: { bytesRead: 0 } }

  constructor(release: () => void) {
    super()
    this.release = release
  }

  getTransactionStatus(): string {
    return 'I'
  }

  query(): void {}
}

test('lanes from before a sleep are left, since their connections may be dead', () => {
  let sleeps = 0
  const log: string[] = []
  let opened = 0
  const platform = new FakePlatform()
  const lanes = new Lanes({
    platform,
    named: new NamedReads(platform, () => 'schema'),
    statementsOf: (client) => new PreparedStatements(client, 10),
    most: 1,
    limits: { workMs: 1, maxInFlight: 4, maxUses: Infinity, allowExitOnIdle: false },
    cleaning: () => [],
    pool: {
      isWanted: () => false,
      isExpired: () => false,
      lease: (callback) => {
        const name = ++opened
        const client = new IdleConnection(() => log.push(`${name} returned`))
        callback(undefined, client as unknown as PoolClient)
      },
      lostIdle: () => {},
      unavailable: () => {},
    },
    sleeps: () => sleeps,
  })
  lanes.withRoomFor(0.1)
  const first = lanes.withRoomFor(0.1)
  expect(first).toBeDefined()
  expect(lanes.withRoomFor(0.1)).toBe(first)
  sleeps += 1
  expect(lanes.withRoomFor(0.1)).toBeUndefined()
  expect(log).toEqual(['1 returned'])
  expect(lanes.withRoomFor(0.1)).not.toBe(first)
})
