/** A statement that begins or ends a transaction, or drops a prepared statement. */
export type Control =
  | {
      readonly type: 'begin'
      readonly command: string
      readonly isReadOnly?: boolean
      readonly isRepeatable?: boolean
    }
  | { readonly type: 'commit' }
  | { readonly type: 'rollback' }
  | { readonly type: 'savepoint' | 'rollback-to' | 'release'; readonly name: string }
  | { readonly type: 'deallocate'; readonly name: string }

const known = new Map<string, Control | undefined>()

/** Reads a statement that controls the transaction; `undefined` for any other one. */
export function controlOf(text: string): Control | undefined {
  if (text.length > 100) return undefined
  if (!known.has(text)) known.set(text, parsed(text))
  return known.get(text)
}

function parsed(text: string): Control | undefined {
  const words = text.toLowerCase()
  if (/^(?:begin|start transaction)\b/.test(words)) {
    return {
      type: 'begin',
      command: words.startsWith('begin') ? 'BEGIN' : 'START TRANSACTION',
      ...(/read (?:only|write)/.test(words) ? { isReadOnly: words.includes('read only') } : {}),
      isRepeatable: words.includes('repeatable read'),
    }
  }
  if (words === 'commit') return { type: 'commit' }
  if (words === 'rollback') return { type: 'rollback' }
  for (const [type, pattern] of NAMED) {
    const name = pattern.exec(text)?.[1]
    if (name !== undefined) return { type, name }
  }
  return undefined
}

const NAMED = [
  ['savepoint', /^savepoint (\w+)$/i],
  ['rollback-to', /^rollback to savepoint (\w+)$/i],
  ['release', /^release savepoint (\w+)$/i],
  ['deallocate', /^deallocate (?:prepare )?"?([^"]+)"?$/i],
] as const
