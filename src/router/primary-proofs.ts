import type { Causality } from '../consistency/causality.ts'
import type { MutableSession } from '../consistency/session.ts'
import { asError } from '../errors/as-error.ts'
import { withOutcome } from '../errors/outcome.ts'
import type { NodeView } from '../topology/snapshot.ts'

/** Answers of the primary about what it has committed and shows. */
export interface PrimaryProofs extends Pick<Causality, 'committed' | 'shown'> {
  /**
   * Resolves when the primary shows what the session has seen on replicas, so that a statement that may write can run
   * there. `undefined` if it surely does, or if commits do not wait for standbys: then it does in a moment. Rejects
   * with `SWITCHYARD_PRIMARY_BEHIND`, which has the outcome `not-sent`.
   */
  seenOnPrimary(session: MutableSession): Promise<void> | undefined
}

export function proofsOf(causality: Causality, primary: () => NodeView | undefined): PrimaryProofs {
  return {
    committed: () => causality.committed(),
    shown: (session, replica) => causality.shown(session, replica),
    seenOnPrimary: (session) => {
      if (session.lastReads.length === 0) return undefined
      const state = primary()?.state
      if (state?.name !== 'up' || state.observation.commitsWait !== true) return undefined
      return causality.shown(session)?.catch((error: unknown) => {
        throw withOutcome(asError(error), 'not-sent')
      })
    },
  }
}
