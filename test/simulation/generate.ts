import type { Action, Actor, Fault, FaultType, Operation, Plan, Step } from './plan.ts'
import { Random } from './random.ts'
import { ROWS, TABLES } from './statements.ts'

/** Time in which faults may begin, in milliseconds. */
export const FAULTS_WITHIN_MS = 6000

/** Operations of one actor. */
const OPERATIONS = 22

/** Makes the plan of a seed. */
export function planOf(seed: string): Plan {
  const random = new Random(seed)
  const shape = random.fork('shape')
  const kind = shape.weighted(KINDS)
  const mayFail = kind !== 'process' && kind !== 'replicas'
  const replicas = shape.pick([1, 2, 2, 2, 3])
  const processes = mayFail && shape.chance(0.25) ? 2 : 1
  const isSynchronous = shape.chance(0.15) && mayFail
  // Some defects need calls close together, others calls that go on for as long as a failover takes.
  const spanMs = shape.pick([150, 600, 2000, FAULTS_WITHIN_MS])
  return {
    seed,
    world: {
      processes,
      replicas,
      lagMs: shape.pick([0.5, 2, 10, 40, 150]),
      isSynchronous,
      maxConnections: mayFail ? shape.pick([100, 100, 100, 12]) : 100,
      otherPerSecond: shape.pick([0, 5, 50]),
      redoGapMs: shape.pick([3, 3, 3, 30]),
    },
    options: {
      max: mayFail ? shape.pick([1, 3, 10]) : 10,
      failoverTimeoutMs: shape.pick([1000, 3000]),
      catchUpTimeoutMs: shape.pick([20, 100, 300]),
      query_timeout: 4000,
      connectionTimeoutMillis: 2000,
      ...(shape.chance(0.3) ? { transactions: 'optimistic' } : {}),
      ...(mayFail && shape.chance(0.2) ? { primarySpill: { share: 0 } } : {}),
    },
    actors: actorsOf(random.fork('workload'), spanMs, processes),
    faults: faultsOf(random.fork('faults'), {
      servers: replicas + 1,
      processes,
      spanMs,
      groups: isSynchronous && kind === 'mixed' ? { ...GROUPS.mixed, failover: 3 } : GROUPS[kind],
    }),
  }
}

/** The workload: who does what, and when. Most callers go on for about `spanMs`, in which the faults begin. */
function actorsOf(random: Random, spanMs: number, processes: number): readonly Actor[] {
  return Array.from({ length: 5 + random.below(2) }, (_, index): Actor => {
    const hasSession = random.chance(0.65)
    // What goes back is seen best by those who do not write.
    const weights = hasSession && random.chance(0.35) ? READER : ANY
    // 60 % of the operations come after a pause.
    const pauseMs = (spanMs / OPERATIONS / 0.6) * random.pick([0.2, 1, 1.3])
    return {
      name: String.fromCharCode(97 + index),
      process: index % processes,
      hasSession,
      operations: Array.from({ length: OPERATIONS }, (_unused, at): Operation => {
        const id = (index + 1) * 10_000 + (at + 1) * 100
        return {
          id,
          pauseMs: random.chance(0.4)
            ? 0
            : random.chance(0.04)
              ? 2000 * random.next()
              : 2 * pauseMs * random.next(),
          action: actionOf(random, id, hasSession ? weights : { ...weights, 'hand-over': 1, adopt: 0 }),
        }
      }),
    }
  })
}

const ANY: Readonly<Record<Action['type'], number>> = {
  read: 25,
  'read-all': 10,
  update: 22,
  returning: 3,
  lock: 2,
  append: 6,
  'read-log': 6,
  strong: 3,
  bounded: 3,
  transaction: 12,
  client: 5,
  cursor: 3,
  'hand-over': 3,
  adopt: 4,
}
const READER: typeof ANY = { ...ANY, read: 40, 'read-all': 30, update: 4, append: 1, lock: 0, client: 2 }
/** Statements of a client that is held for a while. */
const OF_CLIENT: Readonly<Record<'read' | 'read-all' | 'update' | 'lock' | 'append' | 'read-log', number>> = {
  read: 30,
  'read-all': 10,
  update: 30,
  lock: 3,
  append: 10,
  'read-log': 5,
}

function actionOf(random: Random, id: number, weights: Partial<typeof ANY>): Action {
  const table = random.pick(TABLES)
  const row = 1 + random.below(ROWS)
  const type = random.weighted(weights as typeof ANY)
  switch (type) {
    case 'append':
    case 'read-log':
    case 'hand-over':
    case 'adopt':
      return { type }
    case 'read-all':
      return { type, table }
    case 'cursor':
      return { type, table, thinkMs: random.pick([0, 0, 20, 200]) }
    case 'bounded':
      return { type, table, row, maxStalenessMs: random.pick([200, 500, 2000]) }
    case 'transaction':
      return transactionOf(random)
    case 'client':
      return { type, operations: operationsOfClient(random, id) }
    case 'read':
    case 'update':
    case 'returning':
    case 'lock':
    case 'strong':
      return { type, table, row }
  }
}

function operationsOfClient(random: Random, id: number): readonly Operation[] {
  const pauseMs = random.pick([0, 5, 100, 400])
  return Array.from({ length: 2 + random.below(4) }, (_, at): Operation => {
    const action = actionOf(random, id + at + 1, OF_CLIENT)
    return { id: id + at + 1, pauseMs: at === 0 ? 0 : 2 * pauseMs * random.next(), action }
  })
}

function transactionOf(random: Random): Action {
  const mode = random.pick(['plain', 'read-only', 'optimistic', 'client'] as const)
  const steps: Step[] = []
  const table = random.pick(TABLES)
  // Rows are changed in one order, so that no two transactions wait for each other.
  const rows = [1 + random.below(ROWS), 1 + random.below(ROWS)].toSorted((a, b) => a - b)
  for (const row of new Set(rows)) {
    if (random.chance(0.8))
      steps.push(random.chance(0.2) ? { type: 'read-all', table } : { type: 'read', table, row })
    if (mode !== 'read-only' && random.chance(0.7)) steps.push({ type: 'update', table, row })
  }
  if (steps.length === 0) steps.push({ type: 'read-all', table })
  return {
    type: 'transaction',
    mode,
    steps,
    isRepeatable: random.chance(0.4),
    ends: random.chance(0.15) ? 'rollback' : 'commit',
    thinkMs: random.pick([0, 0, 0, 0, 20, 300]),
  }
}

const REPLICA_FAULTS: Partial<Record<FaultType, number>> = {
  'pause-replay': 5,
  lag: 4,
  kill: 4,
  stop: 2,
  vanish: 2,
  freeze: 3,
  slow: 3,
  'block-to-server': 2,
  'block-to-client': 2,
  partition: 2,
  'cut-stream': 4,
  terminate: 3,
  'half-dead': 2,
  refuse: 1,
  'restart-behind': 4,
  unlist: 1,
  checkpoint: 3,
}
const PRIMARY_FAULTS: Partial<Record<FaultType, number>> = {
  kill: 3,
  stop: 2,
  freeze: 2,
  slow: 3,
  'block-to-server': 2,
  'block-to-client': 2,
  partition: 2,
  terminate: 3,
  'half-dead': 2,
  refuse: 2,
}
/** Faults of a server that was the primary. */
const FORMER_FAULTS: Partial<Record<FaultType, number>> = {
  ...PRIMARY_FAULTS,
  'block-to-client': 4,
  refuse: 4,
  unlist: 8,
}
const FAILOVERS: Partial<Record<FaultType, number>> = {
  'promote-killed': 4,
  'promote-alive': 2,
  'promote-partitioned': 3,
  'promote-one-way': 2,
  'promote-refusing': 3,
  'promote-returns': 3,
}
const PROCESS_FAULTS: Partial<Record<FaultType, number>> = {
  'busy-loop': 3,
  'frozen-process': 2,
  'wall-clock': 1,
}

interface FaultShape {
  readonly servers: number
  readonly processes: number
  readonly spanMs: number
  /** How often each group of faults comes. */
  readonly groups: Groups
}

type Group = 'replica' | 'primary' | 'former' | 'failover' | 'process'
type Groups = Readonly<Record<Group, number>>
type Kind = 'mixed' | 'failovers' | 'replicas' | 'process'

/** How many schedules are of each kind. In the last two kinds nothing may fail. */
const KINDS: Readonly<Record<Kind, number>> = { mixed: 55, failovers: 30, replicas: 8, process: 7 }
const GROUPS: Readonly<Record<Kind, Groups>> = {
  mixed: { replica: 60, primary: 15, former: 2, failover: 12, process: 10 },
  /** A promotion matters only where the old primary comes back, or another promotion follows. */
  failovers: { replica: 15, primary: 20, former: 15, failover: 50, process: 5 },
  replicas: { replica: 90, primary: 0, former: 0, failover: 0, process: 10 },
  process: { replica: 0, primary: 0, former: 0, failover: 0, process: 1 },
}

/** The faults of a schedule: what happens to whom. A fifth of the schedules have none. */
function faultsOf(random: Random, { groups, processes, servers, spanMs }: FaultShape): readonly Fault[] {
  if (random.chance(0.2)) return []
  const count = 1 + random.below(7)
  return Array.from({ length: count }, (): Fault => {
    const group = random.weighted(groups)
    const replica = 1 + random.below(servers - 1)
    const base = {
      atMs: spanMs * random.next(),
      forMs: random.pick([5, 50, 300, 1500, 4000]) * (0.5 + random.next()),
      ...(processes > 1 && random.chance(0.6) ? { process: random.below(processes) } : {}),
    }
    switch (group) {
      case 'replica':
        return {
          ...base,
          type: random.weighted(REPLICA_FAULTS as Record<FaultType, number>),
          server: replica,
        }
      case 'primary':
        return {
          ...base,
          type: random.weighted(PRIMARY_FAULTS as Record<FaultType, number>),
          server: 'primary',
        }
      case 'former':
        return {
          ...base,
          type: random.weighted(FORMER_FAULTS as Record<FaultType, number>),
          server: 'former',
        }
      case 'failover':
        return { ...base, type: random.weighted(FAILOVERS as Record<FaultType, number>), server: replica }
      case 'process':
        return { ...base, type: random.weighted(PROCESS_FAULTS as Record<FaultType, number>), server: 0 }
    }
  }).toSorted((a, b) => a.atMs - b.atMs)
}
