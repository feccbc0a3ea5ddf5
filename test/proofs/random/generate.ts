import { alteration } from './alterations.ts'
import { computed, largeObject, sequence } from './columns.ts'
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

const MOST_WRITES = 24
const MOST_READS = 36

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
  for (let count = 14 + dice.below(8); count > 0; count--) make(dice.pick(makers))
  const programs = programsFor(world, pieces)
  const laterPieces = Array.from({ length: 4 }, () => dice.pick([alteration, dice.pick(makers)])(world))
  return {
    seed,
    pieces,
    programs,
    laterPieces,
    laterPrograms: programsFor(world, [...pieces, ...laterPieces]),
  }
}

function programsFor(world: World, pieces: readonly Piece[]): Programs {
  const { dice } = world
  const program = (feature: string, sql: string): Program => ({
    feature,
    sql,
    path: dice.pick(PATHS),
    asGuest: dice.chance(0.35),
    byIndex: dice.chance(0.3),
    ...(sql.endsWith('FROM STDIN') && { lines: '170\t2\tc\n171\t9\tc\n' }),
  })
  const plain = world.relations.map(plainStatements)
  const of = (kind: 'writes' | 'reads'): readonly Program[] =>
    pieces.flatMap((piece) => dice.some(piece[kind] ?? [], 3).map((sql) => program(piece.feature, sql)))
  const writes = [
    ...of('writes'),
    ...plain.flatMap((each) => dice.some(each.writes, 1).map((sql) => program('plain', sql))),
    ...Array.from({ length: 9 }, () => program('random', randomWrite(world))),
  ]
  const reads = [
    ...of('reads'),
    ...plain.map(({ read }) => program('plain', read)),
    ...Array.from({ length: 10 }, () => program('random', randomRead(world))),
  ]
  return { writes: dice.some(writes, MOST_WRITES), reads: dice.some(reads, MOST_READS) }
}

const PATHS = ['a, b, c', 'c, b, a', 'b, c, a', 'b, a, c, pg_catalog'] as const
