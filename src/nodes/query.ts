import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import type { RouteRequest } from '../routing/decide.ts'
import type { Done, Send } from './exchange.ts'
import type { ShareableRead } from './shareable-read.ts'
import { wireValues } from './wire-values.ts'

const NO_VALUES: readonly unknown[] = []
const NO_REQUEST: RouteRequest = {}

/** One call of `query()`: the text and values that are classified, and the arguments that node-postgres is to be given. */
export class Query {
  /** Absent where there is no text to classify. */
  readonly text: string | undefined
  readonly values: readonly unknown[]
  readonly request: RouteRequest
  /** Whether another query may be sent in front of it before that is answered. */
  readonly canPipeline: boolean
  readonly #config: unknown
  readonly #parameters: unknown

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

  /** A text that something else sends: a query object, or the library itself. */
  static sentOtherwise(text: string | undefined): Query {
    return new Query(text, NO_VALUES, NO_REQUEST, false, text, undefined)
  }

  /** Sends the query over a connection. node-postgres checks the arguments, and gives its own errors. */
  get send(): Send {
    return (client, done) => this.sendOver(client, done)
  }

  sendOver(client: PoolClient, done: Done): void {
    try {
      client.query(this.#config as string, this.#parameters as unknown[], done as () => void)
    } catch (error) {
      forgetActive(client, this.#config)
      done(asError(error))
    }
  }

  /** The same query in this tier, unless it names one itself. */
  inTier(tier: string | undefined): Query {
    if (tier === undefined || this.request.tier !== undefined) return this
    const { canPipeline, request, text, values } = this
    return new Query(text, values, { ...request, tier }, canPipeline, this.#config, this.#parameters)
  }

  /**
   * The query as data; `undefined` when there is more to it than its text and values. Converts the values.
   * @param schema The schema in which it may be prepared.
   */
  shareable(schema: string | undefined): ShareableRead | undefined {
    const config = this.#config
    return typeof config === 'object' && config !== null
      ? dataOf(config, this.#parameters, schema)
      : dataOf({ text: config }, this.#parameters, schema)
  }
}

/** The fields of a query's configuration, of whatever type. */
interface ConfigFields {
  readonly text?: unknown
  readonly name?: unknown
  readonly values?: unknown
  readonly types?: unknown
  readonly rowMode?: unknown
  readonly binary?: unknown
  readonly rows?: unknown
  readonly portal?: unknown
  readonly queryMode?: unknown
  readonly query_timeout?: unknown
}

/** A caller who gives a name, or asks for some rows at a time, gets what node-postgres does with that. */
function dataOf(
  config: ConfigFields,
  parameters: unknown,
  schema: string | undefined,
): ShareableRead | undefined {
  const { binary, name, portal, query_timeout: timeoutMs, queryMode, rowMode, rows, text, types } = config
  const values = parameters ?? config.values ?? undefined
  if (typeof text !== 'string' || text === '' || name || rows || portal || queryMode) return undefined
  if (values !== undefined && !Array.isArray(values)) return undefined
  // A class, say: node-postgres takes what has the methods.
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
    }
  } catch {
    // node-postgres gives its own error.
    return undefined
  }
}

/** Frees a connection from a query object that has thrown in `submit()`: it would stay the active one for ever. */
export function forgetActive(client: object, submittable: unknown): void {
  if (Reflect.get(client, '_activeQuery') === submittable) Reflect.set(client, '_activeQuery', null)
}
