import type { Overlay } from '../consistency/overlay.ts'
import type { Journal } from './journal.ts'
import { valueSql } from './value.ts'

/** Returns the settings of a journal followed by those of a session. */
export function withOverlay(base: Journal, overlay: Overlay | undefined): Journal {
  let journal = base
  for (const [name, value] of overlay?.values ?? [])
    journal = journal.with(name, valueSql(name, value), value)
  return journal
}
