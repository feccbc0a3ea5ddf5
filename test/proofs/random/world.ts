import { Dice } from './dice.ts'

/** A relation with the columns `id`, `n` (integers) and `note` (a text). */
export interface Relation {
  readonly schema: string
  readonly name: string
  /** What happens by itself leads from a relation of a higher rank to those of lower ranks, so that nothing is endless. */
  readonly rank: number
  readonly kind: 'table' | 'view' | 'stored' | 'part'
  /** Columns of its primary key. */
  readonly key?: string
}

/** A function that takes an integer and returns one. */
export interface Routine {
  readonly call: (argument: string) => string
  readonly rank: number
}

const SCHEMAS = ['a', 'b', 'c'] as const

/** A schema while it is put together. Everything in it follows from the seed. */
export class World {
  readonly dice: Dice
  readonly relations: Relation[] = []
  /** Functions whose results depend on a relation. */
  readonly readers: Routine[] = []
  /** Functions that change a relation. */
  readonly writers: Routine[] = []
  #names = 0

  constructor(seed: number) {
    this.dice = new Dice(seed)
  }

  get rank(): number {
    return this.relations.length
  }

  schema(): string {
    return this.dice.pick(SCHEMAS)
  }

  /** A name that nothing else has. */
  fresh(prefix: string): string {
    this.#names += 1
    return `${prefix}${this.#names}`
  }

  /** A new function's, operator's or type's name with a random schema. */
  qualified(prefix: string): string {
    return `${this.schema()}.${this.fresh(prefix)}`
  }

  /** A name for a table; often another schema has one of the same name. */
  table(): { readonly schema: string; readonly name: string } {
    for (;;) {
      const [schema, name] = [this.schema(), `t${this.dice.below(9)}`]
      if (!this.relations.some((other) => other.schema === schema && other.name === name))
        return { schema, name }
      if (this.dice.chance(0.2)) return { schema, name: this.fresh('t') }
    }
  }

  add(relation: Omit<Relation, 'rank'>): Relation {
    const added = { ...relation, rank: this.rank }
    this.relations.push(added)
    return added
  }

  /** The relation as a statement or a function's body names it. */
  spell({ name, schema }: Relation): string {
    return this.dice.chance(0.25) ? name : `${schema}.${name}`
  }

  /** A random relation below a rank. */
  relation(below: number = this.rank, kinds: readonly Relation['kind'][] = ANY): Relation {
    const suitable = this.relations.filter(({ kind, rank }) => rank < below && kinds.includes(kind))
    return this.dice.pick(suitable.length === 0 ? this.relations.slice(0, 1) : suitable)
  }

  ordinaryTable(below?: number): Relation {
    return this.relation(below, ['table'])
  }

  /** A table that has others below it. */
  upperTable(): Relation {
    const tables = this.relations.filter(({ kind, rank }) => kind === 'table' && rank > 1)
    return this.dice.pick(tables)
  }

  /** An integer that depends on a relation, without a sub-select. */
  call(below: number, argument: string): string {
    const suitable = this.readers.filter(({ rank }) => rank < below)
    return suitable.length === 0 ? `(${argument} + 0)` : this.dice.pick(suitable).call(argument)
  }

  /** A condition that depends on a relation, without a sub-select. */
  condition(below: number, argument: string): string {
    return `(${this.call(below, argument)} % 3 <> 1)`
  }

  /** An integer that depends on a relation. */
  integer(below: number, argument: string): string {
    if (this.dice.chance(0.4)) return this.call(below, argument)
    const relation = this.spell(this.relation(below))
    return this.dice.pick([
      `(${argument} + (SELECT count(*)::int + COALESCE(sum(n), 0)::int FROM ${relation}))`,
      `(${argument} + (SELECT COALESCE(max(n), 0) FROM ${relation} WHERE id > 1))`,
      `CASE WHEN EXISTS (SELECT FROM ${relation} WHERE n > 11) THEN ${argument} + 1 ELSE ${argument} END`,
      `(SELECT count(DISTINCT note)::int + ${argument} FROM ${relation})`,
    ])
  }

  /** A function labelled immutable that depends on a relation: what indexes and generated columns take. */
  immutable(below: number): { readonly ddl: string; readonly call: (argument: string) => string } {
    const name = this.qualified('i')
    return {
      ddl: `CREATE FUNCTION ${name}(x int) RETURNS int LANGUAGE ${this.dice.pick([
        `sql IMMUTABLE AS $f$ SELECT ${this.integer(below, 'x')} $f$`,
        `plpgsql IMMUTABLE AS $f$ BEGIN RETURN ${this.integer(below, 'x')}; END $f$`,
        `sql IMMUTABLE RETURN ${this.integer(below, 'x')}`,
      ])}`,
      call: (argument) => `${name}(${argument})`,
    }
  }

  /** A statement that changes a relation below a rank. */
  change(below: number, argument = '1'): string {
    return this.changeOf(this.relation(below, CHANGEABLE), below, argument)
  }

  /** One that a rule may run. */
  changeByRule(below: number, argument: string): string {
    for (;;) {
      const change = this.change(below, argument)
      if (!change.startsWith('MERGE')) return change
    }
  }

  changeOf(target: Relation, below: number, argument = '1'): string {
    const { dice } = this
    const name = this.spell(target)
    const value = dice.chance(0.2)
      ? this.integer(Math.min(below, target.rank), argument)
      : `${argument} + ${dice.below(9)}`
    const id = 1 + dice.below(5)
    const ways = [
      `INSERT INTO ${name} (id, n, note) SELECT COALESCE(max(id), 0) + 1, ${value}, 'w' FROM ${name}`,
      `INSERT INTO ${name} (id, n, note) VALUES (${argument} + ${20 + dice.below(5)}, ${value}, 'w')`,
      `UPDATE ${name} SET n = ${value} + n`,
      `UPDATE ${name} SET note = note || 'u' WHERE id = ${id}`,
      `DELETE FROM ${name} WHERE id = ${id}`,
      `MERGE INTO ${name} q USING (VALUES (${id}), (30)) v (k) ON q.id = v.k
       WHEN MATCHED THEN ${dice.pick(['DELETE', `UPDATE SET n = q.n + 1`])}
       WHEN NOT MATCHED THEN INSERT (id, n, note) VALUES (v.k, ${value}, 'm')`,
    ]
    if (target.kind === 'table' && target.key === 'id') {
      ways.push(
        `UPDATE ${name} SET id = id + 100 WHERE id = ${id}`,
        `INSERT INTO ${name} AS q (id, n, note) VALUES (${id}, ${value}, 'w') ON CONFLICT (id) DO UPDATE SET n = q.n + 1`,
        `INSERT INTO ${name} AS q (id, n, note) VALUES (${id}, ${value}, 'w'), (31, 2, 'w') ON CONFLICT DO NOTHING`,
      )
    }
    return dice.pick(ways)
  }
}

const ANY: readonly Relation['kind'][] = ['table', 'view', 'stored', 'part']
export const CHANGEABLE: readonly Relation['kind'][] = ['table', 'view', 'part']
