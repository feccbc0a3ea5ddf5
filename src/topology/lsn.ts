/**
 * A position in the write-ahead log, in bytes from its beginning.
 *
 * @example
 * const lsn: Lsn = 0x3000060n
 */
export type Lsn = bigint

const PAGE_BYTES = 8192n
/** WAL segment size that PostgreSQL is built with by default; the header of a segment's first page is longer. */
const SEGMENT_BYTES = 16n * 1024n * 1024n
const PAGE_HEADER_BYTES = 24n
const SEGMENT_HEADER_BYTES = 40n
const LSN_TEXT = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/

/** Reads `pg_lsn` text such as `0/16B3748`. `undefined` when it is no LSN: unknown is not zero. */
export function parseLsn(text: string): Lsn | undefined {
  const match = LSN_TEXT.exec(text)
  if (match === null) return undefined
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`)
}

export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`
}

/**
 * Rounds an insert position that stands right behind a page header down to the page's start. When the last record ends
 * exactly at a page's end, the insert position is already behind the next page's header. No replica replays to there
 * while the primary idles. No byte of a record lies in between.
 */
export function withoutPageHeader(insertLsn: Lsn): Lsn {
  const headerBytes = insertLsn % SEGMENT_BYTES < PAGE_BYTES ? SEGMENT_HEADER_BYTES : PAGE_HEADER_BYTES
  return insertLsn % PAGE_BYTES === headerBytes ? insertLsn - headerBytes : insertLsn
}
