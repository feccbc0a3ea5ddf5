import type { Observation } from '../../../topology/node.ts'
import { known, type Facts, type NodeFacts, type Replay } from '../facts.ts'
import { onEachNode, onEachReplica, type Fault, type Rule } from '../finding.ts'

const MIB = 2 ** 20

/** Longest difference between clocks that nothing depends on. */
const MOST_SKEW_MS = 1_000

function observationOf(node: NodeFacts): Observation | undefined {
  return known(node.probe)
}

function replayOf({ replay }: NodeFacts): Replay | undefined {
  return replay && known(replay)
}

/** Compares each replica's observation with the primary's. */
function besidePrimary(
  check: (replica: Observation, primary: Observation) => Omit<Fault, 'node'> | undefined,
) {
  return onEachReplica((node, { primary }) => {
    const [own, other] = [observationOf(node), observationOf(primary)]
    return own === undefined || other === undefined ? undefined : check(own, other)
  })
}

/** Rules about what the nodes are, and how they follow each other. */
export const clusterRules: readonly Rule[] = [
  {
    id: 'login-refused',
    severity: 'error',
    why: 'The pool logs in everywhere with the same role. A node that refuses it gets no reads.',
    check: ({ refused }) =>
      refused.map(({ id, refusal }) => ({
        node: id,
        what: `It refuses the login: ${refusal}`,
        fix: 'Allow the role in pg_hba.conf of this server, and check user, password and database of its address.',
      })),
  },
  {
    id: 'primary-is-standby',
    severity: 'error',
    why: 'Writes would find no primary and fail with SWITCHYARD_NO_PRIMARY.',
    check: ({ primary }) =>
      primary.server.isStandby
        ? [
            {
              node: primary.id,
              what: 'It was given as the primary, and is a standby.',
              fix: 'Give the address of the server that takes writes, or promote this one: SELECT pg_promote();',
            },
          ]
        : [],
  },
  {
    id: 'replica-is-primary',
    severity: 'error',
    why:
      'A second server that takes writes splits the data. If both are of one timeline, the pool refuses ' +
      'to write at all.',
    docs: 'understand/failover.md',
    check: (facts) =>
      onEachReplica((node) =>
        node.server.isStandby
          ? undefined
          : {
              what: 'It was given as a replica, and takes writes.',
              fix: 'Remove it from "replicas", or make it a standby of the primary (pg_rewind, standby.signal).',
            },
      )(facts).filter(({ node }) => !sameServerIds(facts).has(node ?? '')),
  },
  {
    id: 'same-server',
    severity: 'error',
    why: 'A second address of one server adds no capacity, so the pool does not use it.',
    check: (facts) =>
      [...sameServerIds(facts)].map(([node, first]) => ({
        node,
        what: `It is the same server as ${first}.`,
        fix: 'Give each replica the address of a server of its own.',
      })),
  },
  {
    id: 'several-servers',
    severity: 'error',
    why: 'The pool applies its knowledge of an address to the next connection there.',
    docs: 'start/drop-in.md',
    check: onEachNode(({ isBalanced }) =>
      isBalanced
        ? {
            what: 'Different servers answer at this address.',
            fix: 'Give each server its own address, or mark the replica as { balanced: true }.',
          }
        : undefined,
    ),
  },
  {
    id: 'foreign-cluster',
    severity: 'error',
    why: 'It holds other data. The pool refuses to start with it (SWITCHYARD_FOREIGN_NODE).',
    check: besidePrimary((replica, primary) =>
      replica.systemIdentifier === primary.systemIdentifier
        ? undefined
        : {
            what:
              `It belongs to another cluster: its system identifier is ${replica.systemIdentifier}, the ` +
              `primary's ${primary.systemIdentifier}.`,
            fix: 'Give the address of a replica of this primary, or make one: pg_basebackup -R.',
          },
    ),
  },
  {
    id: 'old-timeline',
    severity: 'error',
    why: 'It has not followed the last promotion, so it will never show what has been written since.',
    docs: 'understand/failover.md',
    check: besidePrimary((replica, primary) =>
      replica.systemIdentifier === primary.systemIdentifier &&
      (replica.timeline ?? Infinity) < (primary.timeline ?? 0)
        ? {
            what: `It is on timeline ${replica.timeline}, and the primary on ${primary.timeline}.`,
            fix:
              "Let it follow the primary: recovery_target_timeline = 'latest'; if it has diverged, " +
              'pg_rewind or pg_basebackup.',
          }
        : undefined,
    ),
  },
  {
    id: 'not-streaming',
    severity: 'error',
    why: 'Nothing written since arrives there by streaming, so reads of fresh data go to the primary.',
    check: onEachReplica((node) =>
      // A service that states its lag has a storage of its own.
      replayOf(node)?.isStreaming === false && observationOf(node)?.statedLagMs === undefined
        ? {
            what: 'It is a standby that receives no WAL.',
            fix: 'Check primary_conninfo and the log of this server, and pg_stat_replication on the primary.',
          }
        : undefined,
    ),
  },
  {
    id: 'replay-paused',
    severity: 'error',
    why: 'It shows no newer data, so reads that follow a write never go there.',
    check: onEachReplica((node) =>
      replayOf(node)?.isPaused === true
        ? { what: 'Replay of the WAL is paused.', fix: 'SELECT pg_wal_replay_resume();' }
        : undefined,
    ),
  },
  {
    id: 'lag',
    severity: 'error',
    why: 'Reads that must show a recent write wait for a replica, or go to the primary.',
    docs: 'understand/consistency.md',
    check: onEachReplica((node, { expected }) => {
      const lag = node.lag && known(node.lag)
      if (lag === undefined || lag.isCaughtUp || replayOf(node)?.isPaused === true) return undefined
      const { bytes, ms } = lag
      return {
        what:
          bytes === undefined
            ? `It states a lag of ${ms} ms; ${expected.maxLagMs} ms are allowed.`
            : `It had not replayed within ${expected.maxLagMs} ms what the primary had written: ` +
              `${(bytes / MIB).toFixed(1)} MiB are missing.`,
        fix:
          'Look for a long query that replay waits for, a slow disk, or a slow network. --max-lag MS says ' +
          'what is allowed.',
      }
    }),
  },
  {
    id: 'clock-skew',
    severity: 'warning',
    why: 'Lag is measured with one clock, but now() on a replica, logs and expiry times compare the clocks of servers.',
    check: clockSkew,
  },
]

/** Returns the second addresses of servers, with the first address of each. */
function sameServerIds({ primary, replicas }: Facts): ReadonlyMap<string, string> {
  const first = new Map<string, string>()
  const repeated = new Map<string, string>()
  for (const node of [primary, ...replicas]) {
    const identity = observationOf(node)?.serverIdentity
    if (identity === undefined) continue
    const earlier = first.get(identity)
    if (earlier === undefined) first.set(identity, node.id)
    else repeated.set(node.id, earlier)
  }
  return repeated
}

/** Compares the servers with each other: our own clock may be the wrong one. */
function clockSkew({ primary, replicas }: Facts): readonly Fault[] {
  return replicas.flatMap((node) => {
    const { clockSkewMs, clockErrorMs } = node.server
    const apartMs = Math.abs(clockSkewMs - primary.server.clockSkewMs)
    const errorMs = clockErrorMs + primary.server.clockErrorMs
    if (apartMs - errorMs <= MOST_SKEW_MS) return []
    return [
      {
        node: node.id,
        what: `Its clock and the primary's are ${Math.round(apartMs)} ms apart.`,
        fix: 'Let chrony or another NTP client keep the clocks of all servers.',
      },
    ]
  })
}
