import type { TreeNode } from '../tree.ts'
import type { Lasting } from './look.ts'
import { LastingWalk } from './walk.ts'

/** Finds the values that a SELECT freezes when it is prepared. Pure; `select` is the tree inside `SelectStmt`. */
export function lastingOf(select: TreeNode): Lasting {
  const walk = new LastingWalk()
  walk.inspect({ SelectStmt: select })
  return walk.found
}
