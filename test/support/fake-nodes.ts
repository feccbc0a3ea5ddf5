import { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import type { LeaseCallback, ServerNode } from '../../src/nodes/server-node.ts'
import { IN_PROGRESS_SQL } from '../../src/topology/in-progress.ts'
import type { NodeId } from '../../src/topology/node.ts'

const PROCESS_ID = 42
const REPLICA_ROW = [
  'replica',
  '7000',
  'r',
  'replayed',
  '0/1000',
  '1',
  '0/1000',
  null,
  'shop app',
  String(PROCESS_ID),
]

/** A leased connection that remembers how it was given back. */
export class FakeLease extends EventEmitter {
  readonly node: NodeId
  readonly processID: number = PROCESS_ID
  /** What `release` was called with, call by call. */
  readonly releases: unknown[] = []
  isStandby = false

  constructor(node: NodeId) {
    super()
    this.node = node
  }

  get asClient(): PoolClient {
    return this as unknown as PoolClient
  }

  release(error?: Error | boolean): void {
    this.releases.push(error)
  }

  /** What is asked besides the statement: whether the server is a standby, or all that a probe asks. */
  query(
    { text }: { readonly text: string },
    answered: (error: Error | undefined, answer?: { readonly rows: readonly unknown[] }) => void,
  ): void {
    if (text === IN_PROGRESS_SQL) return answered(undefined, { rows: [['primary', null, '800', '0', 's']] })
    if (text !== 'select pg_catalog.pg_is_in_recovery()::pg_catalog.text')
      return answered(undefined, { rows: [REPLICA_ROW] })
    queueMicrotask(() => answered(undefined, { rows: [[String(this.isStandby)]] }))
  }
}

/** One node's connections: hands out a new one for every call, or the error that it was told to give. */
export class FakeNode implements ServerNode {
  readonly id: NodeId
  readonly leases: FakeLease[] = []
  readonly idleCount = 0
  readonly waitingCount = 0
  readonly expiredCount = 0
  leaseError: Error | undefined
  /** What it answers when it is asked. */
  isStandby = false
  renewals = 0
  cuts = 0
  isDrained = false
  isEnded = false
  /** What runs instead of calling back at once. */
  deferLease: ((callBack: () => void) => void) | undefined

  constructor(id: NodeId) {
    this.id = id
  }

  get totalCount(): number {
    return this.leases.length
  }

  lease(callback: LeaseCallback): void {
    if (this.deferLease === undefined) this.#callBack(callback)
    else this.deferLease(() => this.#callBack(callback))
  }

  renew(): void {
    this.renewals += 1
  }

  cut(): void {
    this.cuts += 1
  }

  drain(): void {
    this.isDrained = true
  }

  end(): Promise<void> {
    this.isEnded = true
    return Promise.resolve()
  }

  #callBack(callback: LeaseCallback): void {
    if (this.leaseError !== undefined) return callback(this.leaseError)
    const lease = new FakeLease(this.id)
    lease.isStandby = this.isStandby
    this.leases.push(lease)
    callback(undefined, lease.asClient)
  }
}
