import type { MutableSession } from './consistency/session.ts'
import type { Send } from './execution/execution.ts'
import type { PlainRead } from './nodes/plain-read.ts'
import type { RouteRequest } from './routing/decide.ts'

/** One statement on its way. */
export interface RoutedQuery {
  /** Absent where there is no text to judge: it goes to the primary. */
  readonly sql: string | undefined
  readonly request: RouteRequest
  readonly session: MutableSession
  readonly send: Send
  /** Whether another query may be sent in front of it before that is answered. */
  readonly canPipeline: boolean
  /** The query as a plain read, where it is one. Absent: it is sent as it came. */
  readonly plain?: (() => PlainRead | undefined) | undefined
}
