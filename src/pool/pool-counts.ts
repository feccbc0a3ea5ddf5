/** What a pool of node-postgres tells of its connections. */
export const COUNTS = ['totalCount', 'idleCount', 'waitingCount', 'expiredCount'] as const
export type Count = (typeof COUNTS)[number]

export const NO_CONNECTIONS: Readonly<Record<Count, number>> = {
  totalCount: 0,
  idleCount: 0,
  waitingCount: 0,
  expiredCount: 0,
}

export function countsOf({
  totalCount,
  idleCount,
  waitingCount,
  expiredCount,
}: Readonly<Record<Count, number>>): Record<Count, number> {
  return { totalCount, idleCount, waitingCount, expiredCount }
}
