import { EventEmitter } from 'node:events'
import { beforeEach, describe, expect, test } from 'vitest'
import type { PoolClient } from 'pg'
import { FakePlatform, settle } from '../../test/support/fake-platform.ts'
import { downView, observed, replicaView, up } from '../../test/support/views.ts'
import type { Role } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { NewConnections } from './new-connections.ts'

let log: string[]
let role: Role
let isBalanced: boolean
let mayBeStandby: boolean
let isStandby: boolean
/** The server that is known at the address, and what a look at it finds. */
let known: string | undefined
let looked: NodeView
let connections: NewConnections

/** A connection that has reached this server. */
class Connection extends EventEmitter {
  readonly processID = 42
  readonly #server: string

  constructor(server: string) {
    super()
    this.#server = server
  }

  query(
    { text }: { readonly text: string },
    answered: (error: null, result: { rows: readonly unknown[] }) => void,
  ): void {
    log.push('asked')
    if (text === 'select pg_catalog.pg_is_in_recovery()::pg_catalog.text')
      return answered(null, { rows: [[String(isStandby)]] })
    const row = ['replica', '7000', this.#server, 'replayed', '0/1000', '1', '0/1000', null, 'shop app', '42']
    answered(null, { rows: [row] })
  }
}

beforeEach(() => {
  log = []
  role = 'replica'
  isBalanced = false
  mayBeStandby = false
  isStandby = false
  known = '7000:1'
  looked = at('7000:1')
  connections = new NewConnections({
    platform: new FakePlatform(),
    cluster: {
      snapshot: { nodes: [] },
      lookAt: async () => {
        log.push('looked')
        return looked
      },
    },
    consequences: { serverOf: () => known },
    nodes: {
      configOf: (id) => ({ id, weight: 1, options: {}, ...(isBalanced ? { isBalanced } : {}) }),
    },
    roster: { share: (id) => void log.push(`${id} is shared`) },
    sessions: {
      opened: (commit) => void log.push(`synchronous_commit ${commit}`),
      synchronized: () => void log.push('synchronized'),
    },
    settings: {
      opened: (_client, told, proceed) => {
        told('off')
        proceed(mayBeStandby)
      },
    },
    transitions: { lastRoleOf: () => role },
  })
})

function at(serverIdentity: string): NodeView {
  return replicaView('a', undefined, { state: up(observed('replica', '0/1000', { serverIdentity })) })
}

/** Opens a connection to this server and returns the log. */
async function opened(server: string): Promise<readonly string[]> {
  const client = new Connection(server) as unknown as PoolClient
  connections.opened('a', client, (refusal) => void log.push(refusal ? 'refused' : 'used'))
  await settle()
  return log
}

describe('a connection to a replica', () => {
  test('that reaches the server that is known there is used', async () => {
    expect(await opened('1')).toEqual(['asked', 'used'])
  })

  test('that reaches a server which was restarted is used once that is seen', async () => {
    looked = at('7000:2')
    expect(await opened('2')).toEqual(['asked', 'looked', 'used'])
  })

  test('that reaches another server than probes is refused, and the address is one of several', async () => {
    expect(await opened('2')).toEqual(['asked', 'looked', 'a is shared', 'refused'])
  })

  test('is refused, and says nothing of the address, while that does not answer', async () => {
    looked = downView('a')
    expect(await opened('2')).toEqual(['asked', 'looked', 'refused'])
  })

  test('at an address of several servers is not asked: each read is', async () => {
    isBalanced = true
    expect(await opened('2')).toEqual(['used'])
  })
})

test('a connection to the primary tells the settings that it begins with', async () => {
  role = 'primary'
  expect(await opened('1')).toEqual(['synchronous_commit off', 'used'])
})

test('a connection to the primary that reaches a standby is refused, and the node is looked at', async () => {
  role = 'primary'
  mayBeStandby = true
  isStandby = true
  expect(await opened('1')).toEqual(['synchronous_commit off', 'asked', 'looked', 'refused'])
})

test('a connection to the primary is used although a pooler tells a setting of a standby behind it', async () => {
  role = 'primary'
  mayBeStandby = true
  expect(await opened('1')).toEqual(['synchronous_commit off', 'asked', 'used'])
})

test('a connection to a node that is not known yet is used', async () => {
  role = 'unknown'
  expect(await opened('1')).toEqual(['used'])
})

test.each<Role>(['primary', 'replica', 'unknown'])('a notification over one to a %s is heard', (given) => {
  role = given
  const client = new Connection('1')
  connections.opened('a', client as unknown as PoolClient, () => {})
  log.length = 0
  client.emit('notification', {})
  expect(log).toEqual(['synchronized'])
})
