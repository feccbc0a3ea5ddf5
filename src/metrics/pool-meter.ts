import type { ConnectionOpened, ConnectionReturned, ConnectionTimedOut } from '../observability/events.ts'
import type { QueryExecution } from '../observability/statement-events.ts'
import { Bounded, OTHER } from './bounded.ts'
import type { Durations } from './distribution.ts'
import type { InstrumentName } from './instruments.ts'
import { codeOf, type Attributes, type Sample } from './samples.ts'

/** Makes the receiver of the durations of one series. */
export type MakeDurations = (instrument: InstrumentName, attributes: Attributes) => Durations

/** SQL commands that are told apart. */
const OPERATIONS: ReadonlySet<string> = new Set(
  `SELECT INSERT UPDATE DELETE MERGE COPY CALL DO BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE SET RESET SHOW VALUES TABLE WITH
   PREPARE EXECUTE DEALLOCATE DECLARE FETCH MOVE CLOSE LISTEN NOTIFY UNLISTEN LOCK EXPLAIN ANALYZE VACUUM REFRESH TRUNCATE CREATE
   ALTER DROP GRANT REVOKE COMMENT REINDEX CLUSTER DISCARD`.split(/\s+/),
)

/** Servers, nodes and error codes that are told apart. */
const SERVERS = 100
const NODES = 100
const ERRORS = 100

/** Number of combinations of fields whose series are remembered. */
const MOST_KNOWN = 5_000

/** A counter whose value increases. */
interface Counter {
  readonly instrument: InstrumentName
  readonly attributes: Attributes
  value: number
}

/** The series of statements with the same fields. */
interface Series {
  readonly durations: Durations
  readonly statements: Counter
}

/** The series of a combination of fields. */
interface Recent extends Fields {
  readonly code: string
  readonly series: Series
}

/** Number of combinations that are compared before a key is made of the fields. */
const MOST_RECENT = 16

/** The series of the connections of one node. */
interface Uses {
  readonly waits: Durations
  readonly times: Durations
}

type Fields = Pick<QueryExecution, 'address' | 'operation' | 'port' | 'reason' | 'role'>

/**
 * Counts the statements and events of one pool. The number of different attributes is bounded, whatever comes. A
 * statement adds to numbers that exist already, because many thousands may end in a second.
 */
export class PoolMeter {
  readonly #makeDurations: MakeDurations
  readonly #counters = new Map<string, Counter>()
  readonly #durations = new Map<string, Durations>()
  readonly #known = new Map<string, Series>()
  readonly #recent: Recent[] = []
  /** Index of the entry that is replaced next. */
  #oldest = 0
  readonly #uses = new Map<string, Uses>()
  readonly #servers = new Bounded(SERVERS)
  readonly #nodes = new Bounded(NODES)
  readonly #errors = new Bounded(ERRORS)

  constructor(makeDurations: MakeDurations) {
    this.#makeDurations = makeDurations
  }

  /** Adds a statement that has ended. */
  add(execution: QueryExecution): void {
    const { durationMs = 0, error, repair, retries, spill, waits } = execution
    const series = this.#seriesOf(execution, error === undefined ? '' : codeOf(error))
    series.durations.add(durationMs / 1000)
    series.statements.value += 1
    for (const { durationMs: ms, reason } of waits)
      this.#measure('switchyard.wait.duration', { 'switchyard.reason': reason }, ms)
    for (const { reason } of retries) this.count('switchyard.retries', { 'switchyard.reason': reason })
    if (repair !== undefined) this.count('switchyard.repairs', { 'switchyard.reason': repair.reason })
    if (spill !== undefined) this.count('switchyard.spills', { 'switchyard.reason': spill })
  }

  /** Adds one to a counter. */
  count(instrument: InstrumentName, attributes: Attributes): void {
    this.#counterOf(instrument, attributes).value += 1
  }

  /** Adds a connection that was opened. */
  opened({ durationMs, node }: ConnectionOpened): void {
    this.#measure('db.client.connection.create_time', { 'switchyard.node': this.#nodes.of(node) }, durationMs)
  }

  /** Adds a request for a connection that was given up. */
  timedOut({ node }: ConnectionTimedOut): void {
    this.count('db.client.connection.timeouts', { 'switchyard.node': this.#nodes.of(node) })
  }

  /** Adds one use of a connection. */
  returned({ node, usedMs, waitedMs }: ConnectionReturned): void {
    const uses = this.#usesOf(this.#nodes.of(node))
    uses.waits.add(waitedMs / 1000)
    uses.times.add(usedMs / 1000)
  }

  /** The counters. */
  readings(): Iterable<Sample> {
    return this.#counters.values()
  }

  #measure(instrument: InstrumentName, attributes: Attributes, durationMs: number): void {
    this.#durationsOf(instrument, attributes).add(durationMs / 1000)
  }

  #usesOf(node: string): Uses {
    let uses = this.#uses.get(node)
    if (uses === undefined) {
      const attributes: Attributes = { 'switchyard.node': node }
      uses = {
        waits: this.#durationsOf('db.client.connection.wait_time', attributes),
        times: this.#durationsOf('db.client.connection.use_time', attributes),
      }
      this.#uses.set(node, uses)
    }
    return uses
  }

  #seriesOf(execution: QueryExecution, code: string): Series {
    const { address, operation, port, reason, role } = execution
    for (const recent of this.#recent) {
      if (
        recent.address === address &&
        recent.operation === operation &&
        recent.reason === reason &&
        recent.role === role &&
        recent.port === port &&
        recent.code === code
      )
        return recent.series
    }
    const key = `${operation} ${role} ${reason} ${address} ${port} ${code}`
    const series = this.#known.get(key) ?? this.#makeSeries(key, execution, code)
    this.#recent[this.#oldest] = { address, operation, port, reason, role, code, series }
    this.#oldest = (this.#oldest + 1) % MOST_RECENT
    return series
  }

  #makeSeries(
    key: string,
    { address, operation, port, reason, role = 'unknown' }: Fields,
    code: string,
  ): Series {
    const name = operation !== undefined && OPERATIONS.has(operation) ? operation : OTHER
    const server = address === undefined ? undefined : this.#servers.of(`${address} ${port ?? ''}`)
    const attributes: Attributes = {
      'db.system.name': 'postgresql',
      'db.operation.name': name,
      'switchyard.role': role,
      ...(server === undefined || address === undefined ? {} : serverOf(server, address, port)),
      ...(code === '' ? {} : { 'error.type': this.#errors.of(code) }),
    }
    const routed: Attributes = { 'switchyard.reason': reason ?? OTHER, 'switchyard.role': role }
    const series = {
      durations: this.#durationsOf('db.client.operation.duration', attributes),
      statements: this.#counterOf('switchyard.statements', routed),
    }
    // Codes of errors may be any.
    if (this.#known.size >= MOST_KNOWN) this.#known.clear()
    this.#known.set(key, series)
    return series
  }

  #counterOf(instrument: InstrumentName, attributes: Attributes): Counter {
    const key = keyOf(instrument, attributes)
    let counter = this.#counters.get(key)
    if (counter === undefined) this.#counters.set(key, (counter = { instrument, attributes, value: 0 }))
    return counter
  }

  #durationsOf(instrument: InstrumentName, attributes: Attributes): Durations {
    const key = keyOf(instrument, attributes)
    let durations = this.#durations.get(key)
    if (durations === undefined) {
      durations = this.#makeDurations(instrument, attributes)
      this.#durations.set(key, durations)
    }
    return durations
  }
}

function keyOf(instrument: InstrumentName, attributes: Attributes): string {
  return `${instrument} ${JSON.stringify(attributes)}`
}

function serverOf(server: string, address: string, port: number | undefined): Attributes {
  if (server === OTHER) return { 'server.address': OTHER }
  return { 'server.address': address, ...(port === undefined ? {} : { 'server.port': String(port) }) }
}
