import type { MutableSession } from '../consistency/session.ts'
import type { Write } from '../consistency/write-ledger.ts'
import type { Heard, ReplicaLease } from '../execution/conversation.ts'
import type { Decision, Holder, RunOptions } from '../execution/decision.ts'
import type { Done, Send } from '../execution/execution.ts'
import type { Leased } from '../execution/writer.ts'
import type { Query } from '../nodes/query.ts'
import type { Explanation } from '../observability/explain.ts'
import type { Tell } from '../observability/tell.ts'
import type { Journal } from '../settings/journal.ts'
import type { SettingKeeper } from '../settings/setting-keeper.ts'
import type { NameReader } from '../statement/names.ts'
import type { Statement } from '../statement/statement.ts'
import type { NodeId } from '../topology/node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'

/** A BEGIN READ ONLY on its way, and its caller. One of the three callbacks is called, once. */
export interface Opening {
  readonly send: Send
  /** The transaction is open on this replica. */
  readonly opened: (lease: ReplicaLease, result: unknown) => void
  /** It belongs on the primary, where nothing has been begun yet. `leave` is to be called when it is over, `heard` with how it has begun. */
  readonly onPrimary: (leave: () => void, heard: Heard) => void
  readonly failed: (error: Error) => void
}

/** The sessions of a pool, as its clients see them. */
export interface ClientSessions {
  readonly context: { current(): MutableSession }
  noteSetting(statement: Statement): void
  /** A statement that is no proven read has ended on the primary, with an error perhaps. */
  ranOnPrimary(session: MutableSession, statement: Statement, error?: Error): void
  /** A lock was taken or a notification heard. */
  synchronized(): void
  /** Something was read over a connection to this node, which the session holds. */
  saw(session: MutableSession, node: NodeView): void
  /** The session's next reads must show everything that the primary has by now. */
  shown(session: MutableSession): void
}

/** The router, as clients see it: its parts, each by what they ask of it. */
export interface RouterPort {
  readonly sessions: ClientSessions
  readonly settings: SettingKeeper
  readonly names: NameReader
  /** Tells the pool's events. */
  readonly tell: Tell
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
  readonly executors: { named(tier: string | undefined): { readonly writer: { lease(done: Leased): void } } }
  readonly counters: {
    /** A statement runs over a connection to this node that its client holds. */
    ran(node: NodeView, isRead: boolean): void
    /** A read has begun to be answered by this node. */
    readAnswered(node: NodeView): void
  }
  readonly cluster: {
    readonly snapshot: Snapshot
    /** A statement over a leased connection found the node failed, or demoted. */
    suspect(id: NodeId, cause: Error): void
  }
  /** Notes what has come to its end, before its caller hears of it. */
  readonly ended: (write: Write) => void
}
