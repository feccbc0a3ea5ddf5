import type { QueryExecution } from '../observability/statement-events.ts'
import type { PoolStats } from '../observability/stats.ts'
import { Bounded, OTHER } from './bounded.ts'
import type { AttributeName, InstrumentName } from './instruments.ts'

/** Attributes of a value, besides the name of its pool. */
export type Attributes = Partial<Readonly<Record<AttributeName, string>>>

/** One value of one metric. */
export interface Sample {
  readonly instrument: InstrumentName
  readonly value: number
  readonly attributes: Attributes
}

/** SQL commands that are told apart. */
const OPERATIONS: ReadonlySet<string> = new Set(
  `SELECT INSERT UPDATE DELETE MERGE COPY CALL DO BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE SET RESET SHOW VALUES TABLE WITH
   PREPARE EXECUTE DEALLOCATE DECLARE FETCH MOVE CLOSE LISTEN NOTIFY UNLISTEN LOCK EXPLAIN ANALYZE VACUUM REFRESH TRUNCATE CREATE
   ALTER DROP GRANT REVOKE COMMENT REINDEX CLUSTER DISCARD`.split(/\s+/),
)

/** Servers and error codes that are told apart. */
const SERVERS = 100
const ERRORS = 100

/** Turns statements of one pool into samples. The number of different attributes is bounded, whatever comes. */
export class StatementSamples {
  readonly #servers = new Bounded(SERVERS)
  readonly #errors = new Bounded(ERRORS)

  of(execution: QueryExecution): readonly Sample[] {
    const { repair, retries, role = 'unknown', spill, waits } = execution
    const samples: Sample[] = [
      {
        instrument: 'db.client.operation.duration',
        value: (execution.durationMs ?? 0) / 1000,
        attributes: this.#operation(execution, role),
      },
      counted('switchyard.statements', execution.reason ?? OTHER, { 'switchyard.role': role }),
    ]
    for (const { durationMs, reason } of waits) {
      const attributes = { 'switchyard.reason': reason }
      samples.push({ instrument: 'switchyard.wait.duration', value: durationMs / 1000, attributes })
    }
    for (const { reason } of retries) samples.push(counted('switchyard.retries', reason))
    if (repair !== undefined) samples.push(counted('switchyard.repairs', repair.reason))
    if (spill !== undefined) samples.push(counted('switchyard.spills', spill))
    return samples
  }

  #operation({ address, error, operation, port }: QueryExecution, role: string): Attributes {
    const name = operation !== undefined && OPERATIONS.has(operation) ? operation : OTHER
    const server = address === undefined ? undefined : this.#servers.of(`${address} ${port ?? ''}`)
    return {
      'db.system.name': 'postgresql',
      'db.operation.name': name,
      'switchyard.role': role,
      ...(server === undefined || address === undefined ? {} : serverOf(server, address, port)),
      ...(error === undefined ? {} : { 'error.type': this.#errors.of(codeOf(error)) }),
    }
  }
}

function serverOf(server: string, address: string, port: number | undefined): Attributes {
  if (server === OTHER) return { 'server.address': OTHER }
  return { 'server.address': address, ...(port === undefined ? {} : { 'server.port': String(port) }) }
}

/** One more of a metric that is counted by reason. */
export function counted(instrument: InstrumentName, reason: string, more: Attributes = {}): Sample {
  return { instrument, value: 1, attributes: { 'switchyard.reason': reason, ...more } }
}

/** The SQLSTATE or code of an error, else the name of its class. */
export function codeOf(error: Error): string {
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' && code !== '' ? code : error.name
}

/**
 * Returns the values of a pool's counters and of its nodes.
 * @param max Maximum number of connections to a node.
 */
export function readingsOf({ nodes, offload }: PoolStats, max: number | undefined): readonly Sample[] {
  const readings: Sample[] = [{ instrument: 'switchyard.offload', value: offload, attributes: {} }]
  const read = (instrument: InstrumentName, value: number | undefined, attributes: Attributes): void => {
    if (value !== undefined) readings.push({ instrument, value, attributes })
  }
  for (const { connections, id, lagBytes, lagMs, queries, reads, role, state } of nodes) {
    const node = { 'switchyard.node': id }
    const { idle, total, waiting } = connections
    const count = 'db.client.connection.count'
    read(count, idle, { ...node, 'db.client.connection.state': 'idle' })
    read(count, total - idle, { ...node, 'db.client.connection.state': 'used' })
    read('db.client.connection.max', max, node)
    read('db.client.connection.pending_requests', waiting, node)
    const member = { ...node, 'switchyard.role': role }
    read('switchyard.node.state', 1, { ...member, 'switchyard.node.state': state })
    read('switchyard.node.lag', lagMs === undefined ? undefined : lagMs / 1000, node)
    read('switchyard.node.wal_behind', lagBytes, node)
    read('switchyard.node.statements', queries, member)
    read('switchyard.node.reads', reads, member)
  }
  return readings
}
