import type { Submittable } from 'pg'
import { choiceOption, invalid } from '../config/validate.ts'
import { CONSISTENCIES } from '../consistency/mode.ts'
import { describe } from '../errors/describe.ts'
import type { Done } from '../execution/execution.ts'
import { Query } from '../nodes/query.ts'
import type { RouteRequest } from '../routing/decide.ts'

/** Query objects that drive the connection themselves: cursors, streams, COPY. */
export function isSubmittable(config: unknown): config is Submittable {
  return (
    typeof config === 'object' && config !== null && 'submit' in config && typeof config.submit === 'function'
  )
}

/** The text that a query object is going to send, where it can be seen: a stream keeps it in its cursor. */
export function textOf(submittable: Submittable): string | undefined {
  const cursor: unknown = Reflect.get(submittable, 'cursor')
  const holder = typeof cursor === 'object' && cursor !== null ? cursor : submittable
  const text: unknown = Reflect.get(holder, 'text')
  return typeof text === 'string' ? text : undefined
}

/** The text of whatever is given to `query()`, where it can be seen. */
export function textOfQuery(config: unknown): string | undefined {
  if (typeof config === 'string') return config
  return typeof config === 'object' && config !== null ? textOf(config as Submittable) : undefined
}

/** The parameters of a call of `query()`. */
export function valuesOfQuery(config: unknown, values: unknown): readonly unknown[] {
  if (Array.isArray(values)) return values as readonly unknown[]
  return typeof config === 'object' && config !== null ? listOf(Reflect.get(config, 'values')) : NO_VALUES
}

const NO_REQUEST: RouteRequest = {}
const NO_VALUES: readonly unknown[] = []

/** What node-postgres reads of a query's configuration. */
const CONFIG_FIELDS = [
  'text',
  'name',
  'values',
  'types',
  'rowMode',
  'binary',
  'rows',
  'portal',
  'queryMode',
  'query_timeout',
] as const

/** Sorts out the arguments of `query()` that node-postgres takes. Throws `SWITCHYARD_INVALID_OPTION` for a bad `route`. */
export function normalizeQuery(config: unknown, values: unknown): Query {
  const parameters = typeof values === 'function' ? undefined : values
  if (typeof config === 'string') {
    return new Query(config, listOf(parameters), NO_REQUEST, true, config, parameters)
  }
  if (typeof config !== 'object' || config === null || isSubmittable(config)) {
    return new Query(undefined, NO_VALUES, NO_REQUEST, false, config, parameters)
  }
  const sent = copyOf(config)
  const { text, rows, values: own } = sent as Readonly<Record<'text' | 'rows' | 'values', unknown>>
  const sql = typeof text === 'string' ? text : undefined
  // A portal that stays open would be in the way.
  const canPipeline = !rows
  return new Query(sql, listOf(parameters ?? own), requestOf(config), canPipeline, sent, parameters)
}

function listOf(values: unknown): readonly unknown[] {
  return Array.isArray(values) ? (values as readonly unknown[]) : NO_VALUES
}

/** A query that is read with these parsers, unless it brings its own. */
export function withTypes(config: unknown, types: unknown): unknown {
  if (typeof config === 'string') return { text: config, types }
  if (typeof config !== 'object' || config === null || Reflect.get(config, 'types')) return config
  return { ...config, types }
}

/** What a query's configuration may have that is not for its connection. */
const NOT_SENT = ['callback', 'route', 'consistency', 'maxStalenessMs', 'tier'] as const

/**
 * What is judged is what is sent, though the caller changes the object meanwhile; and older versions of node-postgres
 * write into it.
 */
function copyOf(config: object): object {
  // An application's own class of clients may read more of it than node-postgres does.
  const copy: Record<string, unknown> = { ...config }
  for (const field of NOT_SENT) delete copy[field]
  for (const field of CONFIG_FIELDS) {
    const value: unknown = Reflect.get(config, field)
    if (value !== undefined) copy[field] = value
  }
  return copy
}

/** The callback among the arguments of `query()`, wherever it stands. Throws as node-postgres does if it is none. */
export function callbackOf(config: unknown, values: unknown, callback: unknown): Done | undefined {
  const inConfig = typeof config === 'object' && config !== null ? Reflect.get(config, 'callback') : undefined
  const given: unknown = typeof values === 'function' ? values : (callback ?? inConfig)
  if (given === undefined || given === null) return undefined
  if (typeof given !== 'function') throw new TypeError('callback is not a function')
  return given as Done
}

function requestOf(config: object): RouteRequest {
  const { route, consistency, maxStalenessMs, tier } = config as Record<keyof RouteRequest, unknown>
  const isPlain = route === undefined && consistency === undefined && maxStalenessMs === undefined
  if (isPlain && tier === undefined) return NO_REQUEST
  if (route !== undefined && route !== 'primary' && route !== 'replica') {
    throw invalid(`Option "route" of a query must be "primary" or "replica"; received ${describe(route)}`)
  }
  if (maxStalenessMs !== undefined && (typeof maxStalenessMs !== 'number' || !(maxStalenessMs >= 0))) {
    throw invalid(
      `Option "maxStalenessMs" of a query must be a number of at least 0; received ${describe(maxStalenessMs)}`,
    )
  }
  return {
    ...(route === undefined ? {} : { route }),
    ...(consistency === undefined
      ? {}
      : { consistency: choiceOption('consistency', consistency, 'causal', CONSISTENCIES) }),
    ...(maxStalenessMs === undefined ? {} : { maxStalenessMs }),
    ...(tier === undefined ? {} : { tier: tierOf(tier) }),
  }
}

/** Whether there is such a tier, the pool knows. */
export function tierOf(tier: unknown): string {
  if (typeof tier === 'string') return tier
  throw invalid(`Option "tier" must be the name of one of the pool's "tiers"; received ${describe(tier)}`)
}

/** A promise, and the callback that settles it. */
export interface Answer {
  readonly done: Done
  readonly promise: Promise<unknown>
}

/** Makes a promise whose errors lead back to the caller. */
export function promisedAnswer(): Answer {
  let done: Done | undefined
  const promise = new Promise((resolve) => {
    done = (error, result) => resolve(error ? failing(error) : result)
  })
  // A promise calls its function at once.
  return { done: done as unknown as Done, promise }
}

/** Runs `start` with a callback, and gives a promise of what that is called with; errors lead back to the caller. */
export function promised(start: (done: Done) => void): Promise<unknown> {
  return new Promise((resolve) => {
    start((error, result) => resolve(error ? failing(error) : result))
  })
}

/**
 * A promise that fails a moment later, when the caller's own follows it: a stack shows only those who wait by then. A `catch`
 * for each query would do the same, and cost every one that succeeds another promise.
 */
function failing(cause: Error): Promise<never> {
  const failed = new Promise<never>((_resolve, reject) => queueMicrotask(() => reject(cause)))
  return failed.catch(leadBack)
}

/** The stack of a server's error leads to the socket. Here, behind the promise, it leads to the code that asked. */
function leadBack(error: unknown): never {
  if (error instanceof Error) Error.captureStackTrace(error)
  throw error
}
