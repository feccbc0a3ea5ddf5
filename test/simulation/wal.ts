/** A row as a commit has left it. */
export interface Version {
  readonly value: string
  /** The commit that wrote it. */
  readonly record: WalRecord
}

/** All rows after some commit, by `table:id`. */
export type State = ReadonlyMap<string, Version>

/** One change: the row `key` gets this value. */
export interface Change {
  readonly key: string
  readonly value: string
}

/** A record of the WAL: a commit with all its changes, or something that changes no row. */
export interface WalRecord {
  readonly timeline: number
  /** The position behind it. */
  readonly lsn: bigint
  /** Transaction id; absent for what is no transaction. */
  readonly xid?: bigint
  readonly changes: readonly Change[]
  /** The rows after it. */
  readonly state: State
}

export const FIRST_RECORD: WalRecord = { timeline: 1, lsn: 0x3000000n, changes: [], state: new Map() }

export interface RecordParts {
  readonly timeline: number
  readonly bytes: number
  readonly changes: readonly Change[]
  readonly xid?: bigint | undefined
}

/** Makes the record that follows another one. */
export function recordAfter(last: WalRecord, { bytes, changes, timeline, xid }: RecordParts): WalRecord {
  const state = changes.length === 0 ? last.state : new Map(last.state)
  const record: WalRecord = {
    timeline,
    lsn: last.lsn + BigInt(bytes),
    ...(xid === undefined ? {} : { xid }),
    changes,
    state,
  }
  for (const { key, value } of changes) (state as Map<string, Version>).set(key, { value, record })
  return record
}

/** Whether a server with the first WAL can follow one with the second: nothing of its own lies behind the fork. */
export function isPrefix(wal: readonly WalRecord[], of: readonly WalRecord[]): boolean {
  return wal.length <= of.length && wal.at(-1) === of[wal.length - 1]
}
