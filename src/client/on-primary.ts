import type { Heard } from '../execution/conversation.ts'
import type { Done } from '../execution/execution.ts'
import type { Statement } from '../statement/statement.ts'
import type { PrimaryHold } from './primary-hold.ts'
import type { PrimaryRun } from './primary-statement.ts'
import type { Move, Run } from './replica-transaction.ts'

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

/**
 * Restarts a read-only transaction on the primary, and runs the statement there that failed on its replica. If it
 * cannot be started there, the replica's error is final.
 */
export function goOnAtPrimary(
  primary: PrimaryHold,
  { before, step, error, place, heard }: Move,
  next: () => void,
): void {
  primary.takePlace(place.leave)
  const from = (index: number): void => {
    const earlier = before[index]
    if (earlier === undefined) return primary.run(primaryRun(step.run, step.statement, heard), next)
    let hasFailed = false
    const done: Done = (failure) => (hasFailed = Boolean(failure))
    const repeated = { ...primaryRun({ ...earlier.run, done }, earlier.statement), mayMove: false }
    primary.run(repeated, () => {
      if (!hasFailed) return from(index + 1)
      heard(error)
      try {
        step.run.done(error)
      } finally {
        next()
      }
    })
  }
  from(0)
}
