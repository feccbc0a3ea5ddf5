/**
 * Families of relations: a table, its partitions, and the tables that inherit from it, at any depth. A statement that
 * reads one of them may read the others' rows.
 */
export class Families {
  readonly #leaders = new Map<number, number>()
  readonly #members = new Map<number, number[]>()
  readonly #children = new Set<number>()

  constructor(oids: Iterable<number>, parents: readonly (readonly [child: number, parent: number])[]) {
    for (const [child, parent] of parents) {
      this.#children.add(child)
      this.#leaders.set(this.#leaderOf(child), this.#leaderOf(parent))
    }
    for (const oid of oids) {
      const leader = this.#leaderOf(oid)
      const members = this.#members.get(leader)
      if (members === undefined) this.#members.set(leader, [oid])
      else members.push(oid)
    }
  }

  membersOf(oid: number): readonly number[] {
    return this.#members.get(this.#leaderOf(oid)) ?? [oid]
  }

  /** The table that stands for the others: one without parents. */
  headOf(oid: number): number {
    const members = this.membersOf(oid)
    return members.find((member) => !this.#children.has(member)) ?? oid
  }

  #leaderOf(oid: number): number {
    let leader = oid
    for (
      let next = this.#leaders.get(leader);
      next !== undefined && next !== leader;
      next = this.#leaders.get(leader)
    ) {
      leader = next
    }
    return leader
  }
}
