import type { SpillReason } from '../nodes/trace.ts'
import type { RouteReason } from '../routing/route.ts'
import type { StatementReason } from '../statement/statement.ts'

/**
 * Reason why the primary runs a SELECT: that of the statement if it is not a proven read, else that of the route.
 *
 * @example
 * const reasons: PrimaryReason[] = pool.stats().traffic?.onPrimary.map(({ reason }) => reason) ?? []
 */
export type PrimaryReason =
  | Extract<
      StatementReason,
      | 'row-lock'
      | `function-${string}`
      | `relation-${string}`
      | 'operator-volatile'
      | 'type-volatile'
      | 'declared-primary-only'
      | 'catalog-pending'
      | 'refused-by-standby'
      | 'unparseable'
      | 'too-large'
      | 'too-deep'
      | 'non-standard-strings'
      | 'parser-loading'
    >
  | Exclude<RouteReason, 'read' | 'not-a-read' | 'asked-replica' | 'hint-replica'>
  | SpillReason

/** Changes that would let replicas run such reads. `$` stands for the function, relation or clause that decided. */
const ADVICE: Readonly<Record<PrimaryReason, string>> = {
  'row-lock': 'Only the primary locks rows: leave out the lock if the statement only reads',
  'function-writes': 'If $ writes nothing, declare it as "readOnly"',
  'function-volatile': 'If $ writes nothing, label it STABLE or declare it as "readOnly"',
  'function-node-local': 'The answer of $ belongs to the server it runs on: it stays on the primary',
  'function-external': 'If the effects of $ may happen anywhere, declare it as "readOnly"',
  'function-unknown':
    'Check that $ exists and is visible to the login; then label it STABLE or declare it as "readOnly"',
  'function-session': '$ reads or changes the state of its connection: it stays on the primary',
  'function-setting': '$ changes a setting: pass settings with withSession({ settings })',
  'relation-unlogged': '$ is unlogged, so no replica has its rows: ALTER TABLE … SET LOGGED',
  'relation-foreign': 'If replicas may query the other server, declare $ as "readOnly"',
  'relation-temporary': '$ is temporary: it stays with its connection',
  'relation-node-local': '$ shows the server it is read on: declare it as "readOnly" if any server will do',
  'relation-volatile': 'Label the functions that $ uses STABLE, or declare $ as "readOnly"',
  'relation-sequence': 'A replica shows another state of $: it stays on the primary',
  'relation-unknown': 'Check that $ exists and is visible to the login, or declare it as "readOnly"',
  'operator-volatile': 'If the function behind $ writes nothing, label it STABLE',
  'type-volatile': 'If the functions of the type $ write nothing, label them STABLE',
  'declared-primary-only': '$ is declared as "primaryOnly": remove that if replicas may serve it',
  'catalog-pending':
    'The catalog did not have it yet: await pool.ready() at the start; later changes are known within seconds',
  'refused-by-standby': 'A standby rejected a statement of this shape: declare what writes as "primaryOnly"',
  unparseable: 'The text cannot be parsed: correct it, or add a comment with a route',
  'too-large': 'The text is too large to be parsed: pass values as parameters, long lists as one array',
  'too-deep': 'The text is nested too deeply to be parsed: write it flatter',
  'non-standard-strings': 'Set "standard_conforming_strings" to on',
  'parser-loading': 'The parser was not loaded yet: await pool.ready() before the first statement',
  'session-wrote': 'The session has just written: use "causal" consistency in place of "window"',
  'token-primary': 'The token of the session asks for the primary for now',
  strong: 'Use "causal" consistency in place of "strong" where a session only has to see its own writes',
  setting: 'A setting of the session keeps reads on the primary: check those that are set',
  'in-transaction': 'Begin with READ ONLY, or use the option "transactions: \'optimistic\'"',
  pinned: 'The client holds state on its connection: release it sooner, or use another client for reads',
  'asked-primary': 'The caller asks for the primary',
  'hint-primary': 'A comment in the statement asks for the primary',
  fallback: 'No replica could serve it: look at the states and the lag of the replicas',
  sooner:
    'No replica showed yet what the session had written or seen: reduce the lag, or allow a longer catchUpTimeoutMs',
}

/** Reasons that a SELECT may have that is not a proven read. */
export function isPrimaryReason(reason: string): reason is PrimaryReason {
  return Object.hasOwn(ADVICE, reason)
}

/** Returns what would let replicas run a read that the primary runs for this reason. */
export function adviceFor(reason: PrimaryReason, offender?: string): string {
  return ADVICE[reason].replaceAll('$', offender ?? 'it')
}
