import type { Facts, NodeFacts } from './facts.ts'

/**
 * `error`: routing does not work as intended, or an answer may be wrong. `warning`: it will hurt. `notice`: something
 * could be better; it never fails the command.
 */
export type Severity = 'error' | 'warning' | 'notice'

/** One instance of a fault. */
export interface Fault {
  /** Where it is; absent for the deployment as a whole. */
  readonly node?: string
  readonly what: string
  /** SQL or a setting, a line each. */
  readonly fix: string
  /** @defaultValue that of the rule */
  readonly severity?: Severity
}

/** One check: pure, from facts to what is wrong. */
export interface Rule {
  readonly id: string
  readonly severity: Severity
  /** Why it matters. */
  readonly why: string
  /** Path below `docs/`. @defaultValue its section in `operate/doctor.md` */
  readonly docs?: string
  readonly check: (facts: Facts) => readonly Fault[]
}

export interface Finding extends Fault {
  readonly id: string
  readonly severity: Severity
  readonly why: string
  readonly docs: string
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, notice: 2 }

/** Applies rules to facts. The worst findings come first, otherwise in the order of the rules. */
export function findingsOf(facts: Facts, rules: readonly Rule[]): readonly Finding[] {
  return rules
    .flatMap(({ id, severity, why, docs = `operate/doctor.md#${id}`, check }) =>
      check(facts).map((fault): Finding => ({ id, severity, why, docs, ...fault })),
    )
    .toSorted((one, other) => RANK[one.severity] - RANK[other.severity])
}

/** Returns a check of each node by itself. */
export function onEachNode(check: (node: NodeFacts, facts: Facts) => Omit<Fault, 'node'> | undefined) {
  return (facts: Facts): readonly Fault[] => onNodes([facts.primary, ...facts.replicas], facts, check)
}

/** Returns a check of each replica by itself. */
export function onEachReplica(check: (node: NodeFacts, facts: Facts) => Omit<Fault, 'node'> | undefined) {
  return (facts: Facts): readonly Fault[] => onNodes(facts.replicas, facts, check)
}

function onNodes(
  nodes: readonly NodeFacts[],
  facts: Facts,
  check: (node: NodeFacts, facts: Facts) => Omit<Fault, 'node'> | undefined,
): readonly Fault[] {
  return nodes.flatMap((node) => {
    const fault = check(node, facts)
    return fault === undefined ? [] : [{ node: node.id, ...fault }]
  })
}
