import type { MutableSession } from '../consistency/session.ts'
import type { Write } from '../consistency/write-ledger.ts'
import type { Conversation, Heard, ReplicaLease } from '../execution/conversation.ts'
import type { Done, Send } from '../execution/execution.ts'
import type { PrimaryLease } from '../execution/writer.ts'
import type { ShareableRead } from '../nodes/shareable-read.ts'
import type { RouteRequest } from '../routing/decide.ts'
import type { Route } from '../routing/route.ts'
import type { Acquire } from '../settings/acquire.ts'
import type { Journal } from '../settings/journal.ts'
import type { Explanation } from '../observability/explain.ts'
import type { Tell } from '../observability/tell.ts'
import type { SettingKeeper } from '../settings/setting-keeper.ts'
import type { NameReader } from '../statement/names.ts'
import type { Statement } from '../statement/statement.ts'
import type { NodeView } from '../topology/snapshot.ts'

/** One statement on its way. */
export interface RoutedQuery {
  /** Absent where there is no text to judge: it goes to the primary. */
  readonly sql: string | undefined
  readonly request: RouteRequest
  readonly session: MutableSession
  readonly send: Send
  /** Whether another query may be sent in front of it before that is answered. */
  readonly canPipeline: boolean
  /** The query as a shareable read, where it is only a text and its values. Absent: it is sent as it came. */
  readonly shareable?: ((schema: string | undefined) => ShareableRead | undefined) | undefined
  /** Its parameters. */
  readonly values: readonly unknown[]
  /** What has to be set on its connection. @defaultValue the pool's own settings, which it may change */
  readonly journal?: Journal
  /** Given by who holds a connection to the primary, or wants to keep the replica's. */
  readonly conversation?: Conversation | undefined
  /** Runs `acquire` listeners: the statement then has a connection of its own. Absent where there are none. */
  readonly acquire?: Acquire | undefined
}

/** What would happen to this statement? */
export type Question = Pick<RoutedQuery, 'sql' | 'request' | 'session' | 'journal'>

/** A BEGIN READ ONLY on its way, and who gets it. One of the three is called, once. */
export interface Opening {
  readonly statement: Statement
  readonly session: MutableSession
  readonly request: RouteRequest
  readonly send: Send
  /** The transaction is open on this replica. */
  readonly opened: (lease: ReplicaLease, result: unknown) => void
  /** It belongs on the primary, where nothing has been begun yet. `leave` is to be called when it is over, `heard` with how it has begun. */
  readonly onPrimary: (leave: () => void, heard: Heard) => void
  readonly failed: (error: Error) => void
}

/** What clients ask of the keeper of sessions. */
export interface ClientSessions {
  readonly context: { current(): MutableSession }
  awaited(session: MutableSession, request: RouteRequest, hint: Statement['hint']): Promise<void> | undefined
  noteSetting(statement: Statement, sql: string | undefined): void
  /** A statement that is no proven read has ended on the primary, with an error perhaps. */
  ranOnPrimary(session: MutableSession, statement: Statement, sql: string | undefined, error?: Error): void
  /** A lock was taken or a notification heard. */
  synchronized(): void
  /** What the primary has by now is to be seen by the session's next reads. */
  shown(session: MutableSession): void
}

/** What a routed client asks of the cluster: the router does it. */
export interface RouterPort {
  readonly sessions: ClientSessions
  readonly settings: SettingKeeper
  readonly readOnly: { open(opening: Opening): void }
  /** False until statements can be judged. */
  readonly isReady: boolean
  prepare(): Promise<void>
  /** Resolves when a statement may hope for a node; rejects with the reason why there is none. */
  servable(): Promise<void>
  judge(sql: string | undefined): Statement
  readonly names: NameReader
  changeKnown(statement: Statement): Promise<void> | undefined
  judgeAnew(sql: string | undefined): Promise<Statement>
  route(statement: Statement, session: MutableSession, request: RouteRequest): Route
  run(query: RoutedQuery, done: Done): void
  explain(question: Question): Promise<Explanation>
  /** @param tier Absent: the tier of the calling code's session. */
  leasePrimary(done: (error: Error | undefined, lease?: PrimaryLease) => void, tier?: string): void
  count(node: NodeView, statement: Statement): void
  saw(session: MutableSession, node: NodeView): void
  /** A read that goes on has begun to be answered. */
  answered(node: NodeView): void
  ended(write: Write): void
  isFenced(node: NodeView): boolean
  nodeFailed(node: NodeView, cause: Error): void
  /** Tells the pool's events. */
  readonly tell: Tell
}
