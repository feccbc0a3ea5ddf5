import type { PoolClient, Submittable } from 'pg'
import { asError } from '../errors/as-error.ts'
import type { Done } from '../execution/execution.ts'
import { selfOf } from './self.ts'
import { failSubmission, sendSubmission, submissionOf, type Submission } from './submission.ts'

/** The method by which a routed client runs a query object for a caller that waits for its end. */
export const SUBMIT: unique symbol = Symbol('submit')

interface Submitting {
  [SUBMIT](submission: Submission): void
}

/**
 * Runs a query object over a client of its own. Calls back when the client is free again, with the arguments that the
 * object itself calls back with.
 */
export function submitThrough(take: () => Promise<PoolClient>, submittable: Submittable, done: Done): void {
  let outcome: Parameters<Done> = [undefined]
  const over = (): void => done(...outcome)
  const answered: Done = (...answer) => {
    outcome = answer
  }
  const submission = submissionOf(submittable, undefined, answered, over)
  take().then(
    (client) => submit(client, submission, over),
    (error: unknown) => {
      failSubmission(submission, asError(error))
      done(asError(error))
    },
  )
}

function submit(client: PoolClient, submission: Submission, over: () => void): void {
  const self = selfOf<PoolClient & Partial<Submitting>>(client)
  if (self[SUBMIT] !== undefined) {
    self[SUBMIT](submission)
    // It returns its connection when the object has ended.
    return client.release()
  }
  // An application's own `connect()` may return a client of another pool.
  sendSubmission(submission, client, (error) => {
    client.release(error)
    over()
  })
}
