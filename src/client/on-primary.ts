import type { Heard } from '../execution/conversation.ts'
import type { Done } from '../execution/execution.ts'
import type { Statement } from '../statement/statement.ts'
import type { PrimaryRun } from './primary-statement.ts'
import type { Run } from './replica-transaction.ts'

/** @param heard Called with the result before the caller gets it. */
export function primaryRun({ query, session, done }: Run, statement: Statement, heard?: Heard): PrimaryRun {
  return {
    statement,
    query,
    session,
    done: heard === undefined ? done : telling(heard, done),
    mayMove: true,
  }
}

function telling(heard: Heard, done: Done): Done {
  return (error, result) => {
    heard(error || undefined)
    done(error, result)
  }
}
