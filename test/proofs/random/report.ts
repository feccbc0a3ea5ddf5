import type { Plan } from './generate.ts'
import type { Program } from './program.ts'
import type { Figures, Miss, Share } from './trial.ts'

function describeProgram({ asGuest, byIndex, path, sql, values }: Program): string {
  return `SET search_path = ${path};${asGuest ? ' SET ROLE proof_guest;' : ''}${byIndex ? ' SET enable_seqscan = off;' : ''} ${sql}${values === undefined ? '' : ` -- ${values.map(String).join(', ')}`}`
}

/** The schema, the write, and what showed it. */
export function describeMiss(plan: Plan, miss: Miss): string {
  const { answers, footprints, isLater, read, relation, write } = miss
  return [
    ...plan.pieces.flatMap(({ ddl }) => ddl),
    ...(isLater ? ['-- later', ...plan.laterPieces.flatMap(({ ddl }) => ddl)] : []),
    '-- the write',
    describeProgram(write),
    ...(read === undefined ? [`-- has changed ${relation}`] : ['-- is shown by', describeProgram(read)]),
    `-- ${footprints}\n`,
    ...(answers ?? []).map((answer) => `-- ${answer.slice(0, 300).replaceAll('\n', ' ')}`),
  ].join(';\n')
}

const percent = (part: number, whole: number): string =>
  `${whole === 0 ? 0 : Math.round((100 * part) / whole)} %`

function describeShares(title: string, shares: ReadonlyMap<string, Share>): string {
  const all: Share = { statements: 0, bounded: 0, succeeded: 0, effective: 0 }
  for (const share of shares.values()) {
    for (const key of ['statements', 'bounded', 'succeeded', 'effective'] as const) all[key] += share[key]
  }
  const lines = [['all', all] as const, ...[...shares].toSorted(([one], [other]) => one.localeCompare(other))]
  return [
    title,
    ...lines.map(
      ([feature, { bounded, effective, statements, succeeded }]) =>
        `  ${feature.padEnd(34)} ${String(statements).padStart(6)}, bounded ${percent(bounded, statements)}` +
        (title === 'Writes'
          ? `, succeeded ${percent(succeeded, statements)}, changed data ${percent(effective, statements)}`
          : ''),
    ),
  ].join('\n')
}

export function describeFigures({
  apart,
  apartByKey,
  builds,
  differing,
  outcomes,
  pairs,
  proven,
  reads,
  writes,
}: Figures): string {
  return [
    `${pairs} pairs whose write changed something; ${apart} do not meet, ${apartByKey} of them by their keys; the answers of ${differing} differed, of which ${proven} have bounded footprints`,
    describeShares('Writes', writes),
    describeShares('Reads', reads),
    'Pieces of schemas',
    ...[...builds]
      .toSorted(([one], [other]) => one.localeCompare(other))
      .map(
        ([feature, { built, error, failed }]) =>
          `  ${feature.padEnd(34)} ${built}${failed === 0 ? '' : `, failed ${failed}: ${error}`}`,
      ),
    `Outcomes of writes: ${[...outcomes]
      .toSorted(([, one], [, other]) => other - one)
      .map(([outcome, count]) => `${outcome} ${count}`)
      .join(', ')}`,
  ].join('\n')
}
