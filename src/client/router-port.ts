import type { Overlay } from '../consistency/overlay.ts'
import type { MutableSession } from '../consistency/session.ts'
import type { Execution, Touched } from '../consistency/touched.ts'
import type { Write } from '../consistency/write-ledger.ts'
import type { Heard, ReplicaLease } from '../execution/conversation.ts'
import type { Decision, Holder, RunOptions } from '../execution/decision.ts'
import type { Done, ExecutionListener, Send } from '../execution/execution.ts'
import type { Leased } from '../execution/writer.ts'
import type { Query } from '../nodes/query.ts'
import type { Trace } from '../nodes/trace.ts'
import type { Explanation } from '../observability/explain.ts'
import type { Tell } from '../observability/tell.ts'
import type { Tracer } from '../observability/tracer.ts'
import type { Platform } from '../platform/platform.ts'
import type { Journal } from '../settings/journal.ts'
import type { SettingKeeper } from '../settings/setting-keeper.ts'
import type { NameReader } from '../statement/names.ts'
import type { IsolationLevel, Statement } from '../statement/statement.ts'
import type { NodeId } from '../topology/node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import type { Beginnings } from './beginnings.ts'

/** A pending BEGIN READ ONLY. Exactly one of its three callbacks is called, once. */
export interface Opening {
  readonly send: Send
  /** Whether listeners run on its connection first, which may change the default isolation level. */
  readonly isHooked: boolean
  /** The transaction was opened on this replica. */
  readonly opened: (lease: ReplicaLease, result: unknown, isolation: IsolationLevel) => void
  /** It has to be opened on the primary. Call `leave` when it has ended, and `heard` with the result of its BEGIN. */
  readonly onPrimary: (leave: () => void, heard: Heard) => void
  readonly failed: (error: Error) => void
}

/** The part of a pool's sessions that clients use. */
export interface ClientSessions {
  readonly context: { current(): MutableSession; overlayOf(): Overlay | undefined }
  readonly schema: { readonly number: number }
  noteSetting(statement: Statement): void
  /** Records that a statement that is not a proven read has ended on the primary, possibly with an error. */
  ranOnPrimary(session: MutableSession, statement: Statement, execution: Execution, error?: Error): void
  /** Records that a lock was taken or a notification received. */
  synchronized(): void
  /** Records a read over a connection to this node that the session holds. */
  saw(session: MutableSession, node: NodeView, shown?: Touched): void
  /** Makes the session's next reads show everything that the primary has now. */
  shown(session: MutableSession): void
  readonly proofs: {
    /**
     * Resolves when the primary shows what the session has seen, where commits wait for standbys; `undefined` when it
     * surely does, or elsewhere. Rejects with `SWITCHYARD_PRIMARY_BEHIND`.
     */
    seenOnPrimary(session: MutableSession): Promise<void> | undefined
    /**
     * Resolves when the primary shows what the session has seen, and what this replica has shown; `undefined` when it
     * surely does. Rejects with `SWITCHYARD_PRIMARY_BEHIND`.
     */
    shown(session: MutableSession, replica: NodeView | undefined): Promise<void> | undefined
  }
}

/** The parts of the router that clients use. */
export interface RouterPort {
  readonly sessions: ClientSessions
  /** Whether BEGIN is answered at once and sent with the first statement behind it. */
  readonly pipelinesBegin: boolean
  readonly settings: SettingKeeper
  readonly names: NameReader
  /** Emits events of the pool. */
  readonly tell: Tell
  readonly tracer: Pick<Tracer, 'isOn' | 'run'>
  /** Records waits and answers of statements. */
  readonly listener: Pick<ExecutionListener, 'answered' | 'waited'>
  readonly readiness: {
    /** True when a statement may hope for a node. */
    readonly isServable: boolean
    /** Resolves when that is so; rejects with the reason why there is no node. */
    servable(): Promise<void>
  }
  readonly decider: {
    /** See `Decider`. */
    decide(
      query: Query,
      session: MutableSession,
      journal: Journal,
      holder: Holder,
    ): Decision | Promise<Decision>
    explain(query: Query, session: MutableSession, journal: Journal, holder: Holder): Promise<Explanation>
  }
  readonly dispatcher: {
    /** See `Dispatcher`. */
    run(decision: Decision, options: RunOptions, done: Done): void
    submit(query: Query, session: MutableSession, options: RunOptions, done: Done): void
  }
  /** Opens the read-only transaction of a decision that runs as `opening`. */
  readonly openings: { open(decision: Decision, opening: Opening): void }
  readonly platform: Platform
  /** node-postgres' `query_timeout` of the pool, in milliseconds. 0: none. */
  readonly queryTimeoutMs: number
  readonly beginnings: Pick<Beginnings, 'failed' | 'has' | 'moved' | 'stayed'>
  readonly executors: {
    named(tier: string | undefined): {
      readonly writer: { lease(done: Leased, custom?: ReadonlySet<string>, trace?: Trace): void }
    }
  }
  readonly counters: {
    /** Counts a statement over a connection to this node that its client holds. */
    ran(node: NodeView, isRead: boolean): void
    /** Counts a read when this node starts to answer it. */
    readAnswered(node: NodeView): void
  }
  readonly cluster: {
    readonly snapshot: Snapshot
    /** Reports that a statement over a leased connection found the node failed or demoted. */
    suspect(id: NodeId, cause: Error): void
  }
  /** Records the end of a statement before its caller's callback runs. */
  readonly ended: (write: Write) => void
}
