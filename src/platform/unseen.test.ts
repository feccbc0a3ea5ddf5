import { EventEmitter } from 'node:events'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { connectUnseen, queryUnseen, rowsUnseen } from './unseen.ts'

/** A client whose query the test answers through its queue. */
class Queued extends pg.Client {
  readonly seen: unknown[] = []
  declare _queryQueue: { callback: (error: Error | null, result?: unknown) => void }[]

  override query(...args: unknown[]): never {
    this.seen.push(args)
    throw new Error('This is what a tool would see')
  }
}

describe('a query of the library’s own', () => {
  it('does not pass through what is put around client.query', async () => {
    const client = new Queued()
    const rows = rowsUnseen(client, 'select 1')
    client._queryQueue[0]?.callback(null, { rows: [1] })
    expect(await rows).toEqual([1])
    expect(client.seen).toEqual([])
  })

  it('gives the rows of the last of several statements', async () => {
    const client = new Queued()
    const rows = rowsUnseen(client, 'select 1; select 2')
    client._queryQueue[0]?.callback(null, [{ rows: [1] }, { rows: [2] }])
    expect(await rows).toEqual([2])
  })

  it('fails on a connection that is closing', async () => {
    const client = new Queued()
    Object.assign(client, { _ending: true })
    await expect(rowsUnseen(client, 'select 1')).rejects.toThrow('not queryable')
    expect(client._queryQueue).toEqual([])
  })

  it('goes by client.query where there is nothing behind it', () => {
    const asked: unknown[] = []
    const client = { query: (query: unknown) => void asked.push(query) }
    queryUnseen(client, { text: 'select 1' }, () => {})
    expect(asked).toEqual([{ text: 'select 1' }])
  })
})

describe('a connection of the library’s own', () => {
  class Connecting extends EventEmitter {
    readonly log: string[] = []

    connect(callback: () => void): void {
      this.log.push('connect')
      this._connect(callback)
    }

    _connect(callback: () => void): void {
      this.log.push('_connect')
      callback()
    }
  }

  it('does not pass through what is put around connect', async () => {
    const client = new Connecting()
    const { connect } = Connecting.prototype
    Connecting.prototype.connect = () => expect.fail('seen')
    try {
      await connectUnseen(client as unknown as pg.Client)
    } finally {
      Connecting.prototype.connect = connect
    }
    expect(client.log).toEqual(['_connect'])
  })

  it('passes through the connect of an application’s subclass', async () => {
    class Own extends Connecting {
      override connect(callback: () => void): void {
        this.log.push('own')
        super.connect(callback)
      }
    }
    const client = new Own()
    await connectUnseen(client as unknown as pg.Client)
    expect(client.log).toEqual(['own', 'connect', '_connect'])
  })
})
