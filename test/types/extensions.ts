import type pg from 'pg'
import type { PoolClient } from 'pg'
import { expectTypeOf } from 'vitest'
import {
  Client,
  Pool,
  smoothWeightedRoundRobin,
  SwitchyardError,
  type Balancer,
  type Catalog,
  type ClassifyOptions,
  type ErrorCode,
  type Explanation,
  type FunctionVerdict,
  type IsolationLevel,
  type LearnedShape,
  type Lsn,
  type NodeChange,
  type NodeId,
  type NodeView,
  type OperatorVerdict,
  type ReadOutcome,
  type Pin,
  type PlPgSqlBody,
  type PoolStats,
  type Position,
  type Progress,
  type QualifiedName,
  type Refusal,
  type RelationVerdict,
  type RoutedPoolClient,
  type RouteReason,
  type SeenRead,
  type SessionState,
  type SettingArgument,
  type SettingChange,
  type SwitchyardErrorOptions,
  type TransactionOptions,
} from '../../src/index.ts'

// Checked by the compiler, never run: what users build upon.

class LeastBusy implements Balancer {
  readonly #busy = new Map<string, number>()

  order(candidates: readonly NodeView[]): readonly NodeView[] {
    return candidates.toSorted((a, b) => (this.#busy.get(a.id) ?? 0) - (this.#busy.get(b.id) ?? 0))
  }
  started = ({ id }: NodeView): unknown => this.#busy.set(id, (this.#busy.get(id) ?? 0) + 1)
  ended = ({ id }: NodeView): unknown => this.#busy.set(id, (this.#busy.get(id) ?? 1) - 1)
}

const inOrder: Balancer = { order: (candidates) => candidates }

const byChance: Balancer = {
  order: (candidates, { inFlight, nowMs, random }) => {
    expectTypeOf(random).toEqualTypeOf<() => number>()
    expectTypeOf(inFlight).toEqualTypeOf<(id: NodeId) => number>()
    expectTypeOf(nowMs).toEqualTypeOf<number>()
    return candidates.toSorted(() => random() - 0.5)
  },
  ended: (_node, outcome) => expectTypeOf(outcome).toEqualTypeOf<ReadOutcome>(),
}

export const pools: readonly Pool[] = [new LeastBusy(), inOrder, byChance, smoothWeightedRoundRobin()].map(
  (balancer) => new Pool({ balancer }),
)

export function balancersSeeAndChangeNothingElse(candidates: NodeView[]): void {
  expectTypeOf<Parameters<Balancer['order']>[0]>().toEqualTypeOf<readonly NodeView[]>()
  // @ts-expect-error it has to give nodes
  const empty: Balancer = { order: () => undefined }
  // @ts-expect-error order is what makes a balancer
  const without: Balancer = { started: () => {} }
  void [empty, without, inOrder.order(candidates, { nowMs: 0, random: () => 0, inFlight: () => 0 })]
}

export function eventsAreTyped(pool: Pool): void {
  pool.events.on('nodeChanged', (change) => {
    expectTypeOf(change).toEqualTypeOf<NodeChange>()
    expectTypeOf<string>().not.toExtend<typeof change.to>()
  })
  pool.events.on('readRefused', (refusal) => expectTypeOf(refusal).toEqualTypeOf<Refusal>())
  pool.events.once('connectionLost', ({ node, cause }) => {
    expectTypeOf(node).toEqualTypeOf<string>()
    expectTypeOf(cause).toEqualTypeOf<Error>()
  })
  // @ts-expect-error there is no such event
  pool.events.on('nodeChange', () => {})
  // @ts-expect-error a node is named by a text
  pool.events.on('nodeChanged', ({ node }) => node.toFixed())
  expectTypeOf(pool.stats()).toEqualTypeOf<PoolStats>()
  expectTypeOf<PoolStats['offload']>().toEqualTypeOf<number>()
}

export async function queriesOfClientsTakeRoutingOptions(pool: Pool): Promise<void> {
  const client = await pool.connect()
  await client.query({ text: 'BEGIN READ ONLY', route: 'primary' })
  await client.query({ text: 'BEGIN', optimistic: true, tier: 'batch' })
  await pool.tier('batch').transaction((held) => held.query({ text: 'SELECT 1', maxStalenessMs: 500 }))
  // @ts-expect-error there is no such route
  client.query({ text: 'SELECT 1', route: 'secondary' })
  const standalone = new Client({ replicas: ['postgres://r1'] })
  await standalone.query({ text: 'SELECT 1', route: 'primary' })
  expectTypeOf(standalone).toExtend<pg.Client>()
}

export async function transactionsGiveWhatTheirFunctionGives(pool: Pool): Promise<void> {
  const rows = await pool.transaction(
    async (client) => {
      expectTypeOf(client).toEqualTypeOf<RoutedPoolClient>()
      return (await client.query<{ id: number }>('select 1 as id')).rows
    },
    { isolation: 'repeatable read', readOnly: true, deferrable: false, retries: 3 },
  )
  expectTypeOf(rows).toEqualTypeOf<{ id: number }[]>()
  expectTypeOf(pool.transaction(() => 7)).toEqualTypeOf<Promise<number>>()
  expectTypeOf<TransactionOptions['isolation']>().toEqualTypeOf<IsolationLevel | undefined>()
  // @ts-expect-error there is no such level
  await pool.transaction(() => 7, { isolation: 'snapshot' })
  // @ts-expect-error there is no such option
  await pool.transaction(() => 7, { readonly: true })
}

export async function whatBindsAClientIsTyped(pool: Pool, pooled: PoolClient, client: Client): Promise<void> {
  const { pins, route, statement } = await pool.explain({ text: 'select 1', maxStalenessMs: 5 }, pooled)
  expectTypeOf(pins).toEqualTypeOf<readonly Pin[] | undefined>()
  expectTypeOf(route.reason).toEqualTypeOf<RouteReason>()
  expectTypeOf<'pinned' | 'in-transaction'>().toExtend<RouteReason>()
  expectTypeOf(statement.leaves).toEqualTypeOf<readonly SessionState[] | undefined>()
  expectTypeOf(statement.settings).toEqualTypeOf<readonly SettingChange[] | undefined>()
  expectTypeOf(client.explain('select 1')).toEqualTypeOf<Promise<Explanation>>()
  // @ts-expect-error it is asked with a client, and not with its number
  await pool.explain('select 1', 7)
}

// What public signatures speak of can be named.
export type Named = [
  Catalog,
  ClassifyOptions,
  FunctionVerdict,
  LearnedShape,
  Lsn,
  OperatorVerdict,
  PlPgSqlBody,
  Position,
  Progress,
  QualifiedName,
  RelationVerdict,
  SeenRead,
  SettingArgument,
  SwitchyardErrorOptions,
]

export function errorsAreToldApartByCode(error: unknown): string {
  if (!(error instanceof SwitchyardError)) return ''
  expectTypeOf(error).toExtend<Error>()
  expectTypeOf(error.code).toEqualTypeOf<ErrorCode>()
  expectTypeOf<string>().not.toExtend<ErrorCode>()
  expectTypeOf(error.retryable).toEqualTypeOf<boolean>()
  // @ts-expect-error there is no such code
  if (error.code === 'SWITCHYARD_NO_PRIMARIES') return 'misspelt'
  return error.code === 'SWITCHYARD_NO_PRIMARY' ? 'no primary' : error.message
}
