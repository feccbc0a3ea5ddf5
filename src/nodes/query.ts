import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import { queryTimeoutOf } from '../platform/query-timeout.ts'
import type { RouteRequest } from '../routing/decide.ts'
import type { Done, Send } from './exchange.ts'
import { newQuery, queryClassOf, type ConfigFields } from './new-query.ts'
import { hasOwnQuery } from './own-query.ts'
import type { Answered, ShareableRead } from './shareable-read.ts'
import { Sighting } from './sighting.ts'
import type { Trace } from './trace.ts'
import { wireValues } from './wire-values.ts'

const NO_VALUES: readonly unknown[] = []
const NO_REQUEST: RouteRequest = {}
/** A parameter in a text, as far as a pattern can tell. */
const PARAMETER = /\$\d/

/** One call of `query()`: the text and values to classify, and the arguments for node-postgres. */
export class Query {
  /** Absent without a text to classify. */
  readonly text: string | undefined
  readonly values: readonly unknown[]
  readonly request: RouteRequest
  /** Whether another query may be pipelined before it. */
  readonly canPipeline: boolean
  /** Absent without listeners to single statements. */
  trace: Trace | undefined
  readonly #config: unknown
  readonly #parameters: unknown
  #sighting: Sighting | undefined

  /**
   * @param config The first argument of node-postgres' `query()`.
   * @param parameters The second one.
   */
  constructor(
    text: string | undefined,
    values: readonly unknown[],
    request: RouteRequest,
    canPipeline: boolean,
    config: unknown,
    parameters: unknown,
  ) {
    this.text = text
    this.values = values
    this.request = request
    this.canPipeline = canPipeline
    this.#config = config
    this.#parameters = parameters
  }

  /** Creates a query for a text that is sent in another way: by a query object, or by the library itself. */
  static sentOtherwise(text: string | undefined): Query {
    return new Query(text, NO_VALUES, NO_REQUEST, false, text, undefined)
  }

  /**
   * Values that may prove which key a statement touches. None where the caller names their types: the server may
   * compare them in another way than keys of the column's type.
   */
  get keyValues(): readonly unknown[] {
    const config = this.#config
    const types: unknown =
      typeof config === 'object' && config !== null ? Reflect.get(config, 'types') : undefined
    return Array.isArray(types) ? NO_VALUES : this.values
  }

  /** Sends the query over a connection. node-postgres validates the arguments and reports its own errors. */
  get send(): Send {
    return (client, done) => this.sendOver(client, done)
  }

  /** Records that it may be sent several times, which tools must not see. */
  mayRepeat(): Sighting {
    return (this.#sighting ??= new Sighting())
  }

  /** Passes the final answer to `done`, and to the tools that have seen the statement. */
  end(done: Done, error: Error | undefined, result: unknown): void {
    if (this.#sighting === undefined) done(error, result)
    else this.#sighting.end(done, error, result)
  }

  sendOver(client: PoolClient, done: Done): void {
    const sighting = this.#sighting
    try {
      // The application's own `query` has to get the query as the application made it.
      if (sighting !== undefined && this.text !== undefined && !hasOwnQuery(client))
        return sighting.send(client, newQuery(queryClassOf(client), this.asConfig()), done as Answered)
      client.query(this.#config as string, this.#parameters as unknown[], done as () => void)
    } catch (error) {
      forgetActive(client, this.#config)
      done(asError(error))
    }
  }

  /** Returns the query as one configuration, with its values. */
  asConfig(): ConfigFields {
    const config = this.#config
    if (typeof config === 'string') return { text: config, values: this.#parameters || undefined }
    const fields: ConfigFields = typeof config === 'object' && config !== null ? config : { text: config }
    return { ...fields, values: this.#parameters || fields.values }
  }

  /** node-postgres' `query_timeout` of this query, in milliseconds. 0: none. */
  timeoutMs(ofPool: number): number {
    return queryTimeoutOf(this.asConfig().query_timeout) || ofPool
  }

  /** Returns the query with this tier, unless it names one itself. */
  inTier(tier: string | undefined): Query {
    if (tier === undefined || this.request.tier !== undefined) return this
    const { canPipeline, request, text, values } = this
    return new Query(text, values, { ...request, tier }, canPipeline, this.#config, this.#parameters)
  }

  /**
   * Returns the query as a shareable read; `undefined` when it is more than a text and values. Converts the values.
   * @param schema The schema in which it may be prepared.
   */
  shareable(schema: string | undefined): ShareableRead | undefined {
    const config = this.#config
    return typeof config === 'object' && config !== null
      ? dataOf(config, this.#parameters, schema, this.mayRepeat())
      : dataOf({ text: config }, this.#parameters, schema, this.mayRepeat())
  }
}

/** A query with a name or a row limit needs node-postgres' own handling. */
function dataOf(
  config: ConfigFields,
  parameters: unknown,
  schema: string | undefined,
  sighting: Sighting,
): ShareableRead | undefined {
  const { binary, name, portal, query_timeout: timeoutMs, queryMode, rowMode, rows, text, types } = config
  const values = parameters ?? config.values ?? undefined
  if (typeof text !== 'string' || text === '' || name || rows || portal || queryMode) return undefined
  if (values !== undefined && !Array.isArray(values)) return undefined
  // A class, for example: node-postgres accepts any object with the methods.
  if (types && typeof types !== 'object') return undefined
  if (timeoutMs !== undefined && typeof timeoutMs !== 'number') return undefined
  try {
    return {
      text,
      values: values && wireValues(values),
      rowMode: rowMode === 'array' ? 'array' : undefined,
      types: types || undefined,
      binary: binary ? true : undefined,
      schema,
      timeoutMs: timeoutMs || undefined,
      sighting,
    }
  } catch {
    // node-postgres reports its own error.
    return undefined
  }
}

/** Whether it is no more than a text: no values, no name, no limit of rows. */
export function isTextAlone({ name, portal, rows, values }: ConfigFields): boolean {
  if (name || portal || rows) return false
  return values === undefined || values === null || (Array.isArray(values) && values.length === 0)
}

/**
 * Whether it may be sent by the extended query protocol and a single Sync without another answer. A text without values
 * usually goes as a simple query, which knows neither parameters nor their types.
 */
export function suitsExtended(config: ConfigFields): boolean {
  const { portal, rows, text, types } = config
  if (typeof text !== 'string' || portal || rows) return false
  return !isTextAlone(config) || (!Array.isArray(types) && !PARAMETER.test(text))
}

/** Frees a connection from a query object that has thrown in `submit()`, which would stay its active query. */
export function forgetActive(client: object, submittable: unknown): void {
  if (Reflect.get(client, '_activeQuery') === submittable) Reflect.set(client, '_activeQuery', null)
}
