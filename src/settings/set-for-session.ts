import type { PoolClient } from 'pg'
import type { Overlay } from '../consistency/overlay.ts'
import type { CustomSettings } from '../nodes/custom-settings.ts'
import { queryUnseen } from '../platform/unseen.ts'
import { refused } from './refused.ts'
import { settingText, valuesIn } from './value.ts'

/** Restores the former settings of a connection. Called back with an error, it has to be closed. */
export type Restore = (done: (failure: Error | undefined) => void) => void

/**
 * Makes the settings of a session on a connection, until they are restored.
 * @param made Called with an error if the server has refused them: then the connection has to be closed.
 */
export function setForSession(
  client: PoolClient,
  overlay: Overlay,
  custom: CustomSettings,
  made: (refusal: Error | undefined, restore: Restore) => void,
): void {
  const { names } = overlay
  custom.mark(client, overlay.custom)
  const text = settingText(names.length, names.length, false)
  const values = [...names, ...[...overlay.values].flat()]
  queryUnseen(client, { text, values, rowMode: 'array' }, (refusal, result) => {
    const former = valuesIn(result)
    const restore: Restore = (done) => {
      // The role first: it decides which settings may be changed.
      const pairs = names.map((name, index) => [name, former[index] ?? null]).toReversed()
      const query = { text: settingText(names.length, 0, false), values: pairs.flat() }
      queryUnseen(client, query, (failure) => done(failure ?? undefined))
    }
    made(refusal ? refused(refusal, true) : undefined, restore)
  })
}
