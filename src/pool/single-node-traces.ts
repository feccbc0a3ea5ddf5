import type { Client } from 'pg'
import type { ResolvedOptions } from '../config/resolved-options.ts'
import type { Done } from '../execution/execution.ts'
import { Query } from '../nodes/query.ts'
import type { Trace } from '../nodes/trace.ts'
import { ConnectionTraces } from '../observability/connection-traces.ts'
import type { EventStream } from '../observability/event-stream.ts'
import { Tracer, type WaitingStatement } from '../observability/tracer.ts'
import { Traffic, type TrafficStats } from '../observability/traffic.ts'
import { systemPlatform } from '../platform/system.ts'
import { LEAST_WAIT_MS } from '../router/execution-listener.ts'
import { addressOf, databaseOf, poolName } from '../router/pool-name.ts'
import { PENDING } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Connected } from './callback-forms.ts'
import type { StatementFollower } from './followed-client.ts'

/**
 * Follows the statements and connections of a pool of one node while they have listeners. Nothing is classified, so
 * that no parser is loaded: names and operations are read from the words of a text.
 */
export class SingleNodeTraces implements StatementFollower {
  readonly #pool: object
  readonly #tracer: Tracer
  readonly #connections: ConnectionTraces
  readonly #node: NodeView
  readonly #traffic = new Traffic()
  #hasCounted = false
  /** The statement of `query()` that requests its connection in this moment. */
  #leasing: Trace | undefined
  #watchesOpenings = false

  constructor(pool: object, stream: EventStream, resolved: ResolvedOptions) {
    this.#pool = pool
    const reached = addressOf(resolved.nodes[0]?.options ?? resolved.pgOptions)
    const id = resolved.nodes[0]?.id ?? poolName(resolved)
    // Whether it is a primary is not known.
    this.#node = { id, weight: 1, role: 'unknown', state: PENDING }
    this.#connections = new ConnectionTraces(stream, systemPlatform)
    this.#tracer = new Tracer({
      stream,
      platform: systemPlatform,
      database: databaseOf(resolved),
      addressOf: () => reached,
      ended: (execution) => {
        this.#hasCounted = true
        this.#traffic.ran(execution)
      },
    })
  }

  get isOn(): boolean {
    return this.#tracer.isOn
  }

  /** Whether a statement that is followed requests its connection in this moment. */
  get isLeasing(): boolean {
    return this.#leasing !== undefined
  }

  /** The statements that were followed; `undefined` before the first. */
  get traffic(): TrafficStats | undefined {
    // There is no replica.
    return this.#hasCounted ? { ...this.#traffic.report(), offload: 0 } : undefined
  }

  waiting(): readonly WaitingStatement[] {
    return this.#tracer.waiting()
  }

  run(text: string | undefined, done: Done, start: (done: Done) => void): void {
    const query = Query.sentOtherwise(text)
    this.#tracer.run(query, done, (answered) => {
      query.trace?.sent(this.#node)
      start(answered)
    })
  }

  /** Starts a statement that requests a connection before `start` returns. */
  runOverLease(text: string | undefined, done: Done, start: (done: Done) => void): void {
    const query = Query.sentOtherwise(text)
    this.#tracer.run(query, done, (answered) => {
      query.trace?.waits('connection')
      this.#leasing = query.trace
      try {
        start(answered)
      } finally {
        this.#leasing = undefined
      }
    })
  }

  /** Requests a connection. Calls `start` with the callback in place of `callback`. */
  lease(callback: Connected, start: (callback: Connected) => void): void {
    const trace = this.#leasing
    this.#leasing = undefined
    if (this.#connections.followsOpenings) this.#watchOpenings()
    const { followsLeases } = this.#connections
    if (trace === undefined && !followsLeases) return start(callback)
    const askedAtMs = systemPlatform.now()
    const leased: Connected = (error, client, release) => {
      if (trace !== undefined) this.#leased(trace, systemPlatform.now() - askedAtMs, client !== undefined)
      if (client === undefined || !followsLeases) return callback(error, client, release)
      const giveBack: typeof client.release = Reflect.get(client, 'release')
      let isReleased = false
      client.release = (cause) => {
        // A second call fails. By then the connection may be leased to others.
        if (!isReleased) this.#connections.returned(client)
        isReleased = true
        Reflect.apply(giveBack, client, [cause])
      }
      callback(error, client, Reflect.get(client, 'release'))
    }
    if (followsLeases) this.#connections.lease(this.#node.id, leased, start)
    else start(leased)
  }

  #leased(trace: Trace, waitedMs: number, isThere: boolean): void {
    if (waitedMs >= LEAST_WAIT_MS) {
      trace.waited('connection', waitedMs)
      this.#traffic.waited('connection', waitedMs)
    }
    if (isThere) trace.sent(this.#node)
  }

  /** Follows the connections that pg-pool opens from now on. */
  #watchOpenings(): void {
    if (this.#watchesOpenings) return
    this.#watchesOpenings = true
    const Class = Reflect.get(this.#pool, 'Client') as typeof Client
    const value: typeof Client = new Proxy(Class, {
      construct: (target, args, made: typeof Client) => {
        // A class of the application may inherit from it.
        const client = Reflect.construct(target, args, made === value ? target : made) as Client
        this.#connections.connecting(this.#node.id, client)
        return client
      },
    })
    Reflect.set(this.#pool, 'Client', value)
  }
}
