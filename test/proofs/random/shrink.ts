import type { Plan } from './generate.ts'
import type { Piece } from './program.ts'
import { runPlan, type Miss, type Stage } from './trial.ts'

/** The least of a plan that still has a miss. Takes away ever smaller parts of it. */
export async function shrunk(
  plan: Plan,
  miss: Miss,
  stage: Stage,
): Promise<{ readonly plan: Plan; readonly miss: Miss }> {
  let least = { plan: only(plan, miss), miss }
  for (let size = Math.ceil(sizeOf(least.plan) / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < sizeOf(least.plan);) {
      const smaller = without(least.plan, at, size)
      const [found] = await runPlan(smaller, stage).catch(() => [])
      if (found === undefined) at += size
      else least = { plan: smaller, miss: found }
    }
  }
  return least
}

/** Each statement of the definitions stands for itself, and only the two statements in question are run. */
function only({ laterPieces, pieces, seed }: Plan, { isLater, read, write }: Miss): Plan {
  const single = (piece: Piece): readonly Piece[] =>
    piece.ddl.map((sql) => ({ feature: piece.feature, ddl: [sql] }))
  const programs = { writes: [write], reads: read === undefined ? [] : [read] }
  const none = { writes: [], reads: [] }
  return {
    seed,
    pieces: pieces.flatMap(single),
    laterPieces: isLater ? laterPieces.flatMap(single) : [],
    programs: isLater ? none : programs,
    laterPrograms: isLater ? programs : none,
  }
}

const sizeOf = ({ laterPieces, pieces }: Plan): number => pieces.length + laterPieces.length

function without(plan: Plan, at: number, size: number): Plan {
  const all = [
    ...plan.pieces.map((piece) => ({ piece, isLater: false })),
    ...plan.laterPieces.map((piece) => ({ piece, isLater: true })),
  ]
  const left = all.filter((_, index) => index < at || index >= at + size)
  const of = (later: boolean): readonly Piece[] =>
    left.filter(({ isLater }) => isLater === later).map(({ piece }) => piece)
  return { ...plan, pieces: of(false), laterPieces: of(true) }
}
