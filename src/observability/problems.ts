import { SwitchyardError } from '../errors/error.ts'
import { isLoginRefusal } from '../topology/login-refusal.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'

function causeOf(node: NodeView): Error | undefined {
  return 'cause' in node.state ? node.state.cause : undefined
}

function loginRefusal(node: NodeView): Error | undefined {
  const cause = causeOf(node)
  return cause !== undefined && isLoginRefusal(cause) ? cause : undefined
}

function looksOf(node: NodeView): string {
  if (node.exclusion === 'foreign-cluster') return `is a ${node.role} of another cluster`
  if (node.exclusion === 'old-timeline') return 'takes writes on a timeline that the cluster has left'
  return causeOf(node)?.message ?? (node.state.name === 'pending' ? 'has not answered' : `is a ${node.role}`)
}

/** Why no node can take the statement. The server's own error where a login was turned down, as from `pg.Pool`. */
export function noPrimaryError(snapshot: Snapshot): Error {
  const { conflict, nodes } = snapshot
  if (conflict !== undefined) {
    const ids = conflict.map(({ id }) => id).join(' and ')
    const message = `More than one primary: ${ids} take writes, so nothing is written. Check the option "replicas"`
    return new SwitchyardError('SWITCHYARD_TWO_PRIMARIES', message)
  }
  // The pool's own address comes first. That a replica refuses the login as well is not what is wrong now.
  const [own] = nodes
  const refusal = own === undefined ? undefined : loginRefusal(own)
  if (refusal !== undefined) return refusal
  const seen = nodes.map((node) => `${node.id} ${looksOf(node)}`).join('; ')
  const cause = nodes.map(causeOf).find((error) => error !== undefined)
  return new SwitchyardError('SWITCHYARD_NO_PRIMARY', `No primary found: ${seen}`, { cause, retryable: true })
}

/**
 * What the first look at the cluster shows to be wrong with the options. Later the same things only take a node out: an
 * application that runs is not stopped for them.
 */
export function misconfiguration(snapshot: Snapshot): Error | undefined {
  if (snapshot.conflict !== undefined) return noPrimaryError(snapshot)
  if (snapshot.primary === undefined) return undefined
  for (const node of snapshot.nodes) {
    if (node.exclusion === 'foreign-cluster') {
      const message = `${node.id} belongs to another cluster than the primary ${snapshot.primary.id}. Check "replicas"`
      return new SwitchyardError('SWITCHYARD_FOREIGN_NODE', message)
    }
  }
  return undefined
}
