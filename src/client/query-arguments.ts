import type { Submittable } from 'pg'
import { booleanOption, choiceOption, invalid } from '../config/validate.ts'
import { CONSISTENCIES } from '../consistency/mode.ts'
import { describe } from '../errors/describe.ts'
import type { Done } from '../execution/execution.ts'
import { Query } from '../nodes/query.ts'
import type { RouteRequest } from '../routing/decide.ts'

/** A query object that drives the connection itself: a cursor, a stream, COPY. */
export function isSubmittable(config: unknown): config is Submittable {
  return (
    typeof config === 'object' && config !== null && 'submit' in config && typeof config.submit === 'function'
  )
}

/** Returns the text of a query object, if it is visible: a stream has it in its cursor. */
export function textOf(submittable: Submittable): string | undefined {
  const cursor: unknown = Reflect.get(submittable, 'cursor')
  const holder = typeof cursor === 'object' && cursor !== null ? cursor : submittable
  const text: unknown = Reflect.get(holder, 'text')
  return typeof text === 'string' ? text : undefined
}

/** Returns the text of the first argument of `query()`, if it is visible. */
export function textOfQuery(config: unknown): string | undefined {
  if (typeof config === 'string') return config
  return typeof config === 'object' && config !== null ? textOf(config as Submittable) : undefined
}

/** Returns the parameters of a call of `query()`. */
export function valuesOfQuery(config: unknown, values: unknown): readonly unknown[] {
  if (Array.isArray(values)) return values as readonly unknown[]
  return typeof config === 'object' && config !== null ? listOf(Reflect.get(config, 'values')) : NO_VALUES
}

const NO_REQUEST: RouteRequest = {}
const NO_VALUES: readonly unknown[] = []

/** Fields of a query's configuration that node-postgres reads. */
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

/** Normalizes the arguments of `query()`. Throws `SWITCHYARD_INVALID_OPTION` for a bad `route`. */
export function normalizeQuery(config: unknown, values: unknown): Query {
  const parameters = typeof values === 'function' ? undefined : values
  if (typeof config === 'string') {
    return new Query(config, listOf(parameters), NO_REQUEST, true, config, parameters)
  }
  if (typeof config !== 'object' || config === null || isSubmittable(config)) {
    return new Query(undefined, NO_VALUES, NO_REQUEST, false, config, parameters)
  }
  const sent = sentConfig(config)
  const { text, rows, values: own } = sent as Readonly<Record<'text' | 'rows' | 'values', unknown>>
  const sql = typeof text === 'string' ? text : undefined
  // A portal that stays open would disturb later queries.
  const canPipeline = !rows
  return new Query(sql, listOf(parameters ?? own), requestOf(config), canPipeline, sent, parameters)
}

function listOf(values: unknown): readonly unknown[] {
  return Array.isArray(values) ? (values as readonly unknown[]) : NO_VALUES
}

/** Sets the type parsers of a query, unless it has its own. */
export function withTypes(config: unknown, types: unknown): unknown {
  if (typeof config === 'string') return { text: config, types }
  if (typeof config !== 'object' || config === null || Reflect.get(config, 'types')) return config
  return { ...config, types }
}

/** Fields of a query's configuration that are not passed to its connection. */
const NOT_SENT = ['callback', 'route', 'consistency', 'maxStalenessMs', 'optimistic', 'tier'] as const

/**
 * Copies a configuration, so that the classified text is the one that is sent even if the caller changes the object.
 * Older versions of node-postgres also modify it.
 */
export function sentConfig(config: object): object {
  // An application's own client class may read other fields too.
  const copy: Record<string, unknown> = { ...config }
  for (const field of NOT_SENT) delete copy[field]
  for (const field of CONFIG_FIELDS) {
    const value: unknown = Reflect.get(config, field)
    if (value !== undefined) copy[field] = value
  }
  return copy
}

/** Returns the callback among the arguments of `query()`. Throws like node-postgres if it is not a function. */
export function callbackOf(config: unknown, values: unknown, callback: unknown): Done | undefined {
  const inConfig = typeof config === 'object' && config !== null ? Reflect.get(config, 'callback') : undefined
  const given: unknown = typeof values === 'function' ? values : (callback ?? inConfig)
  if (given === undefined || given === null) return undefined
  if (typeof given !== 'function') throw new TypeError('callback is not a function')
  return given as Done
}

function requestOf(config: object): RouteRequest {
  const { route, consistency, maxStalenessMs, optimistic, tier } = config as Record<
    keyof RouteRequest,
    unknown
  >
  const isPlain = route === undefined && consistency === undefined && maxStalenessMs === undefined
  if (isPlain && tier === undefined && optimistic === undefined) return NO_REQUEST
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
    ...(optimistic === undefined ? {} : { optimistic: booleanOption('optimistic', optimistic, false) }),
    ...(tier === undefined ? {} : { tier: tierOf(tier) }),
  }
}

/** The pool checks whether the tier exists. */
export function tierOf(tier: unknown): string {
  if (typeof tier === 'string') return tier
  throw invalid(`Option "tier" must be the name of one of the pool's "tiers"; received ${describe(tier)}`)
}

/** A promise, and the callback that settles it. */
export interface Answer {
  readonly done: Done
  readonly promise: Promise<unknown>
}

/** Creates a promise whose errors have the caller's stack. */
export function promisedAnswer(): Answer {
  let done: Done | undefined
  const promise = new Promise((resolve) => {
    done = (error, result) => resolve(error ? failing(error) : result)
  })
  // The executor runs synchronously.
  return { done: done as unknown as Done, promise }
}

/** Runs `start` with a callback and returns a promise of its result. Errors have the caller's stack. */
export function promised(start: (done: Done) => void): Promise<unknown> {
  return new Promise((resolve) => {
    start((error, result) => resolve(error ? failing(error) : result))
  })
}

/**
 * A promise that fails a moment later, when the caller's own follows it: a stack shows only those who wait by then. A
 * `catch` for each query would do the same, and cost every one that succeeds another promise.
 */
function failing(cause: Error): Promise<never> {
  const failed = new Promise<never>((_resolve, reject) => queueMicrotask(() => reject(cause)))
  return failed.catch(leadBack)
}

/** A server's error has the stack of the socket. In the promise's handler it gets the caller's. */
function leadBack(error: unknown): never {
  if (error instanceof Error) Error.captureStackTrace(error)
  throw error
}
