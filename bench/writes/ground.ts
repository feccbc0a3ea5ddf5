import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { applyDelay } from '../../test/support/apply-delay.ts'
import { ask } from '../../test/support/servers.ts'
import { SentStatements } from '../support/sent-statements.ts'

/** Number of tables, `table_1` and so on. */
export const TABLES = 10
/** Rows of each table that belong to one contender. */
export const ROWS = 1000
/** Contenders that are measured in turn. Each reads and writes rows of its own. */
export const CONTENDERS = 4

/** A row of a contender: from 0 to TABLES * ROWS - 1, table after table. */
export type Row = number

export const tableOf = (row: Row): number => Math.floor(row / ROWS) + 1

const SCHEMA = Array.from(
  { length: TABLES },
  (_, index) => `
    create table table_${index + 1} (id int primary key, version int not null) with (fillfactor = 40);
    insert into table_${index + 1} select g, 0 from generate_series(1, ${CONTENDERS * ROWS}) g;
    vacuum analyze table_${index + 1}`,
)

export async function startGround(): Promise<Cluster> {
  const cluster = await startCluster({ replicas: 2 })
  for (const statement of SCHEMA.join(';').split(';')) await ask(cluster.primary.config, statement)
  await cluster.caughtUp()
  return cluster
}

/** How far replicas are behind: by themselves, or at least so many milliseconds. */
export type Lag = 'natural' | number

export const lagText = (lag: Lag): string => (lag === 'natural' ? 'natural lag' : `${lag} ms of lag`)

/** Has both replicas replay each commit so long after it was made. */
export async function setLag(cluster: Cluster, lag: Lag): Promise<void> {
  await Promise.all(cluster.replicas.map((node) => applyDelay(node, lag === 'natural' ? 0 : lag)))
  await cluster.caughtUp()
}

/** Counts what this process asks the primary beside the statements of the application. */
export function questionsTo(primary: ClusterNode): SentStatements {
  return new SentStatements(primary.config.port, (text) => !text.includes(' table_'))
}
