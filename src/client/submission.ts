import type { PoolClient, Submittable } from 'pg'
import { asError } from '../errors/as-error.ts'
import { attend, fail } from '../execution/attend.ts'
import type { Done } from '../execution/execution.ts'
import { CursorRun } from './cursor-run.ts'
import { queryUnseen, type OwnAnswered } from '../platform/unseen.ts'
import { forgetActive } from '../nodes/query.ts'

/** A query object and the other arguments of its call. */
export interface Submission {
  readonly submittable: Submittable
  /** Absent unless it is a cursor: other query objects drive their connection themselves. */
  readonly run: CursorRun | undefined
  readonly values: unknown
  readonly callback: unknown
  /** Called once when it has ended and its client is free. */
  readonly over?: () => void
}

/** Prepares a query object from its call on. */
export function submissionOf(
  submittable: Submittable,
  values: unknown,
  callback: unknown,
  over?: () => void,
): Submission {
  const run = CursorRun.of(submittable, typeof values === 'function' ? values : callback)
  return { submittable, run, values, callback, ...(over === undefined ? {} : { over }) }
}

/** Fails a query object that will not run. */
export function failSubmission({ run, submittable }: Submission, error: Error): void {
  if (run === undefined) fail(submittable, error)
  else run.fail(error)
}

/** True when the query object was closed or destroyed, so that its answer is not read any more. */
export function isUnwanted({ run, submittable }: Submission): boolean {
  return run === undefined ? isAborted(submittable) : run.isEnded
}

/**
 * Sends a query object over a connection that it owns until the server is ready again. Calls `done` right before the
 * object learns that it has ended or failed, and `hears` right before each of its messages.
 */
export function sendSubmission(
  submission: Submission,
  client: PoolClient,
  done: Done,
  hears: () => void = nothing,
): void {
  const { callback, run, submittable, values } = submission
  // The holder of the connection waits for the server to be ready.
  if (isUnwanted(submission)) return queryUnseen(client, '', done as OwnAnswered)
  if (run !== undefined) return run.send(client, { begun: hears, ending: done, takes: nothing })
  let isOver = false
  const ending = (error: unknown): void => {
    isOver = true
    done(error as Error | undefined)
  }
  attend(submittable, { hears, ending, isDeaf: () => isAborted(submittable) })
  whenAborted(submittable, () => {
    // Not through its socket, which would look like a failure of the server.
    if (!isOver) client.end(nothing)
  })
  const told = typeof callback === 'function' ? onlyOnce(callback as (error: unknown) => void) : callback
  try {
    client.query(submittable as never, values as never, told as never)
  } catch (error) {
    // It is not known what it has sent.
    forgetActive(client, submittable)
    client.connection?.stream.destroy()
    ending(error)
    if (typeof told === 'function') told(error)
    fail(submittable, asError(error))
  }
}

function onlyOnce<Args extends unknown[]>(callback: (...args: Args) => void): (...args: Args) => void {
  let isCalled = false
  return (...args) => {
    if (isCalled) return
    isCalled = true
    callback(...args)
  }
}

/**
 * A stream that reads the socket itself (COPY TO) stops when it is destroyed, and would leave the rest to the next
 * statement.
 */
function whenAborted(submittable: Submittable, aborted: () => void): void {
  const once: unknown = Reflect.get(submittable, 'once')
  if (typeof once !== 'function') return
  const closed = (): void => {
    if (isAborted(submittable)) aborted()
  }
  Reflect.apply(once, submittable, ['close', closed])
}

/** Whether a stream was destroyed before its end. */
function isAborted(submittable: Submittable): boolean {
  return Reflect.get(submittable, 'readableAborted') === true
}

function nothing(): undefined {
  return undefined
}
