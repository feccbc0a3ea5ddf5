import { alteration } from './alterations.ts'
import { computed, largeObject, sequence } from './columns.ts'
import { keyedPrograms, keyedTable, type Keyed } from './keyed.ts'
import { policy } from './policies.ts'
import type { Piece, Program } from './program.ts'
import { reader } from './readers.ts'
import { plainStatements, randomRead, randomWrite } from './statements.ts'
import { computedPartitions, foreignKey, inheritance, partitions, plainTable } from './tables.ts'
import { insteadTrigger, rowTrigger, statementTrigger } from './triggers.ts'
import { composite, domain, integerClass, operator, systemCast } from './types.ts'
import { rule, storedView, view } from './views.ts'
import { World } from './world.ts'
import { writer } from './writers.ts'

type Maker = (world: World) => Piece

/** Each stands as often as it should come up. */
const makers: readonly Maker[] = [
  plainTable,
  partitions,
  computedPartitions,
  inheritance,
  foreignKey,
  foreignKey,
  foreignKey,
  foreignKey,
  foreignKey,
  rowTrigger,
  rowTrigger,
  rowTrigger,
  statementTrigger,
  insteadTrigger,
  view,
  view,
  rule,
  rule,
  storedView,
  computed,
  computed,
  computed,
  computed,
  sequence,
  largeObject,
  domain,
  domain,
  operator,
  composite,
  composite,
  integerClass,
  systemCast,
  policy,
  policy,
  reader,
  reader,
  reader,
  writer,
  writer,
]

/** What to build, in order, and what to run then. */
export interface Plan {
  readonly seed: number
  readonly pieces: readonly Piece[]
  readonly programs: Programs
  /** What is changed later, by another connection, and what to run after that. */
  readonly laterPieces: readonly Piece[]
  readonly laterPrograms: Programs
}

export interface Programs {
  readonly writes: readonly Program[]
  readonly reads: readonly Program[]
}

/** A schema and statements for it. Everything follows from the seed. */
export function generate(seed: number): Plan {
  const world = new World(seed)
  const { dice } = world
  const pieces: Piece[] = []
  const make = (maker: Maker): void => void pieces.push(maker(world))
  for (let count = 0; count < 5; count++) make(plainTable)
  for (let count = 0; count < 3; count++) {
    make(reader)
    make(plainTable)
  }
  for (let count = 10 + dice.below(4); count > 0; count--) make(dice.pick(makers))
  const { keyed, ...table } = keyedTable(world)
  pieces.push(table)
  const programs = programsFor(world, pieces, { writes: 24, reads: 16 }, keyed)
  const laterPieces = Array.from({ length: 4 }, () => dice.pick([alteration, dice.pick(makers)])(world))
  const later = [...laterPieces, ...dice.some(pieces, 6)]
  return {
    seed,
    pieces,
    programs,
    laterPieces,
    laterPrograms: programsFor(world, later, { writes: 12, reads: 12 }),
  }
}

function programsFor(
  world: World,
  pieces: readonly Piece[],
  most: { readonly writes: number; readonly reads: number },
  ofTable?: ReturnType<typeof keyedPrograms>,
): Programs {
  const { dice } = world
  const program = (feature: string, sql: string, values?: readonly unknown[]): Program => ({
    feature,
    sql,
    ...(values && { values }),
    path: dice.pick(PATHS),
    asGuest: dice.chance(0.35),
    byIndex: dice.chance(0.3),
    ...(sql.endsWith('FROM STDIN') && { lines: '170\t2\tc\n171\t9\tc\n' }),
  })
  const of = (kind: 'writes' | 'reads', count: number): readonly Program[] =>
    pieces.flatMap((piece) => dice.some(piece[kind] ?? [], count).map((sql) => program(piece.feature, sql)))
  const plain = dice.some(world.relations, 8).map(plainStatements)
  const writes = [
    ...plain.flatMap((each) => dice.some(each.writes, 1).map((sql) => program('plain', sql))),
    ...Array.from({ length: 5 }, () => program('random', randomWrite(world))),
    ...dice.some(of('writes', 4), most.writes),
  ]
  // What relations hold is compared in any case, so few reads of them suffice.
  const reads = [
    ...plain.slice(0, 3).map(({ read }) => program('plain', read)),
    ...Array.from({ length: 5 }, () => program('random', randomRead(world))),
    ...dice.some(of('reads', 3), most.reads),
  ]
  const keyed = keyedPrograms(world, ofTable === undefined ? 1 : 2)
  const byKey = (one: readonly Keyed[], other: readonly Keyed[] = []): readonly Program[] =>
    [...one, ...other].map(({ sql, values }) => program('key', sql, values))
  return {
    writes: [...dice.some(writes, most.writes), ...byKey(keyed.writes, ofTable?.writes)],
    reads: [...dice.some(reads, most.reads), ...byKey(keyed.reads, ofTable?.reads)],
  }
}

const PATHS = ['a, b, c', 'c, b, a', 'b, c, a', 'b, a, c, pg_catalog'] as const
