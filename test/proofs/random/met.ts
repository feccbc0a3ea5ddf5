import { meets, type Footprint } from '../../../src/catalog/footprint.ts'
import { keyOf } from '../../../src/catalog/key-of.ts'
import type { KeyProof } from '../../../src/catalog/key.ts'

/** A footprint and the parameters of one execution. */
export interface Execution {
  readonly footprint: Footprint
  readonly values?: readonly unknown[] | undefined
}

/** Whether a write may change what the other shows: by relations, and by keys where both prove theirs. */
export function areMet(write: Execution, other: Execution): boolean {
  const { changes } = write.footprint
  const { shows } = other.footprint
  if (!meets(changes, shows)) return false
  if (changes === 'everything' || shows === 'everything') return true
  return changes.some((relation) => {
    if (!meets([relation], shows)) return false
    const changed = keyIn(write.footprint.changedKeys, relation, write.values)
    const shown = keyIn(other.footprint.shownKeys, relation, other.values)
    // Where the other names the relation otherwise, the key is not compared.
    return changed === undefined || shown === undefined || changed === shown || !shows.includes(relation)
  })
}

function keyIn(
  proofs: readonly KeyProof[] | undefined,
  relation: string,
  values: readonly unknown[] | undefined,
): string | undefined {
  const proof = proofs?.find((each) => each.relation === relation)
  return proof && keyOf(proof, values)
}
