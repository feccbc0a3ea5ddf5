import type { StatementKind, StatementReason } from '../../src/statement/statement.ts'

/** `writes`: it may write; `leaves`: it leaves session state; `multiple`: it is several statements. */
export type Fact = 'writes' | 'leaves' | 'multiple'

/** A text and all that is expected of it. */
export type Case = readonly [
  sql: string,
  kind: StatementKind,
  reason: StatementReason,
  ...facts: readonly Fact[],
]

/** Cases by topic. */
export type Topics = Readonly<Record<string, readonly Case[]>>
