import type { Client, ClientConfig } from 'pg'
import type { Catalog } from '../../catalog/catalog.ts'
import type { DeclaredName } from '../../catalog/declared.ts'
import { createLibpgQueryParser } from '../../statement/libpg-query-parser.ts'
import { catalogOf } from '../classify/database.ts'
import { indexes, relations, rowsReplaced, slots, vacuum } from './database-questions.ts'
import {
  known,
  type Answer,
  type DatabaseFacts,
  type Expectations,
  type Facts,
  type NodeFacts,
  type RefusedNode,
  type Relation,
} from './facts.ts'
import { functionFacts } from './functions.ts'
import { activity, indexScans, slowStatements, statistics } from './health-questions.ts'
import { lagBehind, primaryPosition } from './lag.ts'
import { poolerBetween } from './pooler.ts'
import { attempt } from './question.ts'
import { nodeFailure, primaryRefusal, reach, type Reached } from './reach.ts'
import { collations, limits, probe, replay, serverFacts, settings } from './server-questions.ts'

export interface Deployment {
  readonly primary: ClientConfig
  readonly replicas: readonly ClientConfig[]
  readonly declared: readonly DeclaredName[]
  readonly expected: Expectations
}

/** Asks all nodes. Rejects with one line when one cannot be reached, or the primary refuses the login. */
export async function gather(deployment: Deployment): Promise<Facts> {
  const { expected } = deployment
  const addresses = [deployment.primary, ...deployment.replicas]
  const tried = await Promise.allSettled(
    addresses.map((config, index) => reach(index === 0 ? 'primary' : 'replica', config)),
  )
  const answered = tried.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const reached = answered.filter((node): node is Reached => 'client' in node)
  try {
    for (const each of tried) if (each.status === 'rejected') throw each.reason
    const [primary] = answered
    if (primary === undefined || 'refusal' in primary) throw primaryRefusal(primary as RefusedNode)
    const position = await attempt(() => primaryPosition(primary.client))
    return {
      primary: await nodeFacts(primary, expected),
      replicas: await Promise.all(reached.slice(1).map((node) => replicaFacts(node, position, expected))),
      refused: answered.filter((node): node is RefusedNode => 'refusal' in node),
      database: await databaseFacts(primary.client, deployment),
      expected,
    }
  } finally {
    await Promise.all(reached.flatMap(({ client, second }) => [client.end(), second.end()]))
  }
}

async function replicaFacts(
  node: Reached,
  position: Answer<string>,
  expected: Expectations,
): Promise<NodeFacts> {
  // First of all, since the position is of just now.
  const lag =
    'unknown' in position
      ? position
      : await attempt(() => lagBehind(node.client, position.known, expected.maxLagMs))
  const facts = await nodeFacts(node, expected)
  if (!facts.server.isStandby) return facts
  const ms = known(facts.probe)?.statedLagMs
  const stated = ms === undefined ? undefined : { known: { ms, isCaughtUp: ms <= expected.maxLagMs } }
  return { ...facts, lag: stated ?? lag, replay: await replay(node.client) }
}

async function nodeFacts(node: Reached, { slowMs }: Expectations): Promise<NodeFacts> {
  const { id, given, client, second } = node
  const seen = await serverFacts(client).catch((error: unknown) => {
    throw nodeFailure(node, error)
  })
  const observed = await probe(client)
  const role = known(observed)?.role
  const server = role === undefined ? seen : { ...seen, isStandby: role === 'replica' }
  const again = await probe(second)
  const statements = await slowStatements(client, slowMs, server.mayMonitor)
  return {
    id,
    given,
    server,
    probe: observed,
    isBalanced: known(observed)?.serverIdentity !== known(again)?.serverIdentity,
    settings: await settings(client),
    limits: await limits(client),
    pooler: await attempt(() => poolerBetween(client, second)),
    activity: await activity(client, slowMs, server.mayMonitor),
    ...(statements && { statements }),
    statistics: await statistics(client),
    collations: await collations(client, server),
    indexScans: await indexScans(client),
  }
}

async function databaseFacts(client: Client, { primary, declared }: Deployment): Promise<DatabaseFacts> {
  const parser = createLibpgQueryParser()
  const catalog = await attempt(() => catalogOf(primary, []))
  // A declaration also affects the views over its object.
  const final = declared.length === 0 ? catalog : await attempt(() => catalogOf(primary, declared))
  const found = await relations(client)
  return {
    relations: found,
    boundRelations: boundRelations(found, final),
    functions: await attempt(async () => {
      await parser.load()
      return functionFacts(client, parser, valueOf(catalog), valueOf(final))
    }),
    indexes: await indexes(client),
    vacuum: await vacuum(client),
    rowsReplaced: await rowsReplaced(client),
    slots: await slots(client),
  }
}

function boundRelations(
  found: Answer<readonly Relation[]>,
  catalog: Answer<Catalog>,
): Answer<readonly string[]> {
  if ('unknown' in found) return found
  if ('unknown' in catalog) return catalog
  const bound = found.known.filter((relation) => catalog.known.relationVerdict(relation) === 'volatile')
  return { known: bound.map(({ spelled }) => spelled) }
}

function valueOf<T>(answer: Answer<T>): T {
  if ('unknown' in answer) throw new Error(answer.unknown)
  return answer.known
}
