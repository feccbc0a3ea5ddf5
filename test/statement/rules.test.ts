import { describe, expect, test } from 'vitest'
import { classify } from '../../src/statement/classify.ts'
import type { Topics } from '../cases/case.ts'
import { reads } from '../cases/reads.ts'
import { sessionAndTransaction } from '../cases/session-and-transaction.ts'
import { writes } from '../cases/writes.ts'

const tables: Readonly<Record<string, Topics>> = { reads, writes, sessionAndTransaction }

for (const topics of Object.values(tables)) {
  for (const [topic, cases] of Object.entries(topics)) {
    describe(topic, () => {
      test.each(cases)('%j is a %s (%s)', async (sql, kind, reason, ...facts) => {
        const statement = await classify(sql)
        const seen = {
          writes: statement.mayWrite,
          leaves: statement.leavesSessionState,
          multiple: statement.multiple,
        }
        expect({
          kind: statement.kind,
          reason: statement.reason,
          facts: Object.entries(seen).flatMap(([fact, holds]) => (holds ? [fact] : [])),
        }).toEqual({ kind, reason, facts })
      })
    })
  }
}
