import type { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import { textOfQuery, valuesOfQuery } from '../client/query-arguments.ts'
import { asError } from '../errors/as-error.ts'
import { SwitchyardError } from '../errors/error.ts'
import { failureOf } from '../execution/failure.ts'
import { guarded } from '../execution/guarded.ts'
import { hasLeftNothing } from '../execution/left-nothing.ts'
import { withOutcome } from '../errors/outcome.ts'
import type { MutableSession } from '../consistency/session.ts'
import { OF_ANY_KEY, type Execution } from '../consistency/touched.ts'
import type { Write } from '../consistency/write-ledger.ts'
import { HookRun, type HookRunOptions } from './hook-run.ts'
import type { NodeConfig } from '../nodes/server-node.ts'
import type { Tell } from '../observability/tell.ts'
import { inThisContext } from '../platform/async-context.ts'
import type { Platform } from '../platform/platform.ts'
import type { Acquire } from '../settings/acquire.ts'
import type { SettingKeeper } from '../settings/setting-keeper.ts'
import type { Statement } from '../statement/statement.ts'
import type { NodeId, Role } from '../topology/node.ts'

/** The part of the router that hooks need. */
export interface HookPort {
  readonly platform: Platform
  lastRoleOf(node: NodeId): Role
  judge(sql: string | undefined): Statement
  /** Reports the end of a statement that may have written. */
  ended(write: Write, sql?: string): void
  readonly sessions: {
    readonly context: { current(): MutableSession }
    /** Reports that the primary answered a statement that is not a proven read. */
    ranOnPrimary(session: MutableSession, statement: Statement, execution: Execution): void
  }
  readonly settings: SettingKeeper
  readonly tell: Tell
}

type OnConnect = (client: PoolClient) => unknown
type Verify = (client: PoolClient, done: (error?: Error) => void) => void
/** The node of a connection, and its pool's listeners. */
interface Origin {
  readonly node: NodeId
  readonly emitter: EventEmitter
}
type Released = Error | boolean | null | undefined
/** Events whose listeners get a connection that they may use. */
const EVENTS = ['connect', 'acquire', 'release'] as const
/** Options whose functions get one. */
const OPTIONS = ['onConnect', 'verify'] as const

/** Called before a statement of a hook. Returns an error if it must not be sent. */
type Sending = (statement: Statement, values: readonly unknown[], isLate: boolean) => Error | undefined

/**
 * Runs the application's hooks on connections: listeners of `connect`, `acquire`, `release` and `remove`, and the
 * options `onConnect` and `verify`. On the primary, errors of their statements are left to the application, as with
 * pg.Pool. On a replica they are reported, and end neither the connection nor the process.
 */
export class Hooks {
  readonly #port: HookPort
  readonly #reported = new WeakSet<Error>()
  readonly #origins = new WeakMap<PoolClient, Origin>()
  /** Connections whose `acquire` listeners have run, but whose `release` listeners have not. */
  readonly #acquired = new WeakMap<PoolClient, HookRun>()
  /** Connections whose `release` listeners may still be running. */
  readonly #released = new WeakMap<PoolClient, HookRun>()
  /** Connections over which listeners of `acquire` have sent statements. */
  readonly #used = new WeakSet<PoolClient>()

  constructor(port: HookPort) {
    this.#port = port
  }

  /** Returns the node's configuration with its `onConnect` and `verify` wrapped. */
  around(config: NodeConfig): NodeConfig {
    const { onConnect, verify } = config.options as { onConnect?: OnConnect; verify?: Verify }
    if (typeof onConnect !== 'function' && typeof verify !== 'function') return config
    const watched = {
      onConnect: typeof onConnect === 'function' ? this.#onConnect(config.id, onConnect) : onConnect,
      verify: typeof verify === 'function' ? this.#verify(config.id, verify) : verify,
    }
    // Not a copy, since the options may change.
    const options = new Proxy(config.options, {
      get: (target, name) => Reflect.get(Object.hasOwn(watched, name) ? watched : target, name) as unknown,
    })
    return { ...config, options }
  }

  /**
   * Calls the listeners of `connect`. Returns the error that one of them threw: then the connection must not be used.
   */
  connected(emitter: EventEmitter, node: NodeId, client: PoolClient): Error | undefined {
    this.#origins.set(client, { node, emitter })
    if (emitter.listenerCount('connect') === 0) return undefined
    const thrown = this.#opening(node, client).emit(emitter, 'connect', [client])
    if (this.#isPrimary(node)) return thrown[0]
    for (const error of thrown) this.#report(node, error)
    return undefined
  }

  /**
   * False for a connection that must not be leased again. Settings of removed `acquire` listeners cannot be fully
   * undone (a custom setting would be empty instead of NULL), and no listener sets them again.
   */
  isLendable(client: PoolClient): boolean {
    if (!this.#used.has(client)) return true
    return (this.#origins.get(client)?.emitter.listenerCount('acquire') ?? 0) > 0
  }

  /**
   * Calls back when the `release` listeners of the last checkout have returned: their statements belong before the next
   * one.
   */
  quiet(client: PoolClient, done: () => void): void {
    const run = this.#released.get(client)
    if (run === undefined) return done()
    this.#released.delete(client)
    const ready = (): void => {
      run.over()
      done()
    }
    if (run.isGoing) run.answered(inThisContext(ready))
    else ready()
  }

  /**
   * Returns a function that runs the listeners of `acquire` in the async context of this call; undefined without
   * listeners.
   */
  acquiring(emitter: EventEmitter): Acquire | undefined {
    if (emitter.listenerCount('acquire') === 0) return undefined
    return inThisContext((client, done) => this.#acquire(emitter, client, done))
  }

  /** Calls the listeners of `release`. With listeners of `acquire`, only for connections that those have seen. */
  released(emitter: EventEmitter, error: Released, client: PoolClient): void {
    const acquired = this.#acquired.get(client)
    if (acquired !== undefined) {
      this.#acquired.delete(client)
      acquired.over()
    }
    if (emitter.listenerCount('release') === 0) return
    if (acquired === undefined && emitter.listenerCount('acquire') > 0) return
    const run = this.#lending(client, (statement, values) => {
      if (statement.settings === undefined) return
      this.#port.settings.connections.sentByListener(client, statement, values)
      this.#port.settings.noteObjects(client, statement)
    })
    this.#released.set(client, run)
    for (const thrown of run.emit(emitter, 'release', [error, client])) surface(thrown)
  }

  /** Calls the listeners of an event without waiting for their end. */
  notify(emitter: EventEmitter, event: 'remove' | 'error', ...args: readonly unknown[]): void {
    guarded(() => emitter.emit(event, ...args))()
  }

  #acquire(emitter: EventEmitter, client: PoolClient, done: (error: Error | undefined) => void): void {
    const run = this.#lending(client, (statement, values) => {
      this.#used.add(client)
      this.#port.settings.connections.sentByListener(client, statement, values)
      this.#port.settings.noteObjects(client, statement)
    })
    this.#acquired.set(client, run)
    const [thrown] = run.emit(emitter, 'acquire', [client])
    if (thrown !== undefined) return done(withOutcome(thrown, 'not-sent'))
    // The next statement does not belong to a listener.
    const proceed = inThisContext(done)
    run.answered(() => {
      const { error } = run
      if (error === undefined || this.#replicaOf(client) === undefined) proceed(undefined)
      else proceed(hookRefused(error))
    })
  }

  #onConnect(node: NodeId, own: OnConnect): OnConnect {
    return async (client) => {
      const run = this.#opening(node, client)
      try {
        return await run.run(() => own(client))
      } catch (error) {
        if (!this.#isRefused(node, error)) throw error
        this.#report(node, error)
        return undefined
      }
    }
  }

  #verify(node: NodeId, own: Verify): Verify {
    return (client, done) => {
      const run = this.#opening(node, client)
      let isOver = false
      const verified = (error?: Error): void => {
        if (isOver) return
        isOver = true
        if (!error || !this.#isRefused(node, error)) return done(error)
        this.#report(node, error)
        done()
      }
      try {
        run.run(() => own(client, verified))
      } catch (error) {
        verified(asError(error))
      }
    }
  }

  /** Observes hooks on a new connection, whose settings stay. */
  #opening(node: NodeId, client: PoolClient): HookRun {
    const replica = this.#isPrimary(node) ? undefined : node
    return this.#run(client, replica, (statement) => {
      const { settings } = this.#port
      settings.connections.touchedByHook(client)
      settings.noteObjects(client, statement)
      return undefined
    })
  }

  /** Observes hooks of one checkout, whose settings are undone before the next one. */
  #lending(client: PoolClient, sending: (statement: Statement, values: readonly unknown[]) => void): HookRun {
    return this.#run(client, this.#replicaOf(client), (statement, values, isLate) => {
      if (isLate && leavesSomething(statement)) return tooLate()
      sending(statement, values)
      return undefined
    })
  }

  /** @param replica The node, if it is a replica. */
  #run(client: PoolClient, replica: NodeId | undefined, sending: Sending): HookRun {
    const session = this.#port.sessions.context.current()
    const statement: HookRunOptions['statement'] = ([config, given]) => {
      const sql = textOfQuery(config)
      const judged = this.#port.judge(sql)
      return {
        sending: (isLate) => sending(judged, valuesOfQuery(config, given), isLate),
        ended: (error) => {
          if (replica === undefined) this.#ranOnPrimary(session, judged, sql, error)
        },
      }
    }
    const failed = replica === undefined ? undefined : (error: Error): void => this.#report(replica, error)
    return new HookRun({ client, platform: this.#port.platform, statement, failed })
  }

  /** Makes the caller's next read show what a hook has written, as with pg.Pool. */
  #ranOnPrimary(
    session: MutableSession,
    statement: Statement,
    sql: string | undefined,
    error: Error | undefined,
  ): void {
    if (error === undefined) this.#port.sessions.ranOnPrimary(session, statement, OF_ANY_KEY)
    if (!statement.mayWrite || (error !== undefined && hasLeftNothing(error, statement))) return
    // A block or function of a hook runs at each checkout and must not reload the catalog each time.
    const catalogEffect = statement.reason === 'ddl' ? 'certain' : 'none'
    this.#port.ended({ sessions: [session], catalogEffect, changes: 'everything' }, sql)
  }

  /** Returns the replica of a connection. */
  #replicaOf(client: PoolClient): NodeId | undefined {
    const node = this.#origins.get(client)?.node
    return node === undefined || this.#isPrimary(node) ? undefined : node
  }

  #isPrimary(node: NodeId): boolean {
    return this.#port.lastRoleOf(node) === 'primary'
  }

  #isRefused(node: NodeId, error: unknown): boolean {
    return !this.#isPrimary(node) && error instanceof Error && failureOf(error) === 'standby-refusal'
  }

  #report(node: NodeId, thrown: unknown): void {
    const error = asError(thrown)
    if (this.#reported.has(error)) return
    this.#reported.add(error)
    this.#port.tell('hookFailed', { node, cause: error })
  }
}

/**
 * Creates the error for a replica that rejected a statement of an `acquire` listener: the caller's statement must not
 * run there without it.
 */
function hookRefused(cause: Error): Error {
  // After a lost connection another node may work.
  if (!('severity' in cause) || failureOf(cause) === 'node') return withOutcome(cause, 'not-sent')
  const message = 'A replica refused a statement of an "acquire" listener'
  return new SwitchyardError('SWITCHYARD_HOOK_REFUSED', message, { cause })
}

/**
 * Whether an application has hooks that may send statements over connections.
 * @param options Those of the nodes
 */
export function hasHooks(emitter: EventEmitter, options: readonly object[]): boolean {
  if (EVENTS.some((event) => emitter.listenerCount(event) > 0)) return true
  return options.some((each) => OPTIONS.some((name) => typeof Reflect.get(each, name) === 'function'))
}

function leavesSomething({ kind, leavesSessionState, settings }: Statement): boolean {
  return leavesSessionState || settings !== undefined || kind === 'transaction'
}

function tooLate(): Error {
  return new Error('A listener has used a connection that was given back meanwhile: others may have it now')
}

/** Throws the error of a listener as an uncaught exception, as with pg.Pool. */
function surface(error: Error): void {
  process.nextTick(() => {
    throw error
  })
}
