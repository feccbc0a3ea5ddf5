import { SwitchyardError } from '../errors/error.ts'
import { eventError } from './event-error.ts'
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
  const cause = causeOf(node)
  if (cause !== undefined) return eventError(cause).message
  return node.state.name === 'pending' ? 'has not answered' : `is a ${node.role}`
}

/**
 * Returns the error for a statement that no node can take. When the login was refused it is the server's own, as with
 * `pg.Pool`.
 */
export function noPrimaryError(snapshot: Snapshot): Error {
  const { conflict, nodes } = snapshot
  if (conflict !== undefined) {
    const ids = conflict.map(({ id }) => id).join(' and ')
    const message = `More than one primary: ${ids} take writes, so nothing is written. Check the option "replicas"`
    return new SwitchyardError('SWITCHYARD_TWO_PRIMARIES', message)
  }
  // Only the pool's own address counts: a replica's refusal does not explain a missing primary.
  const [own] = nodes
  const refusal = own === undefined ? undefined : loginRefusal(own)
  if (refusal !== undefined) return refusal
  const seen = nodes.map((node) => `${node.id} ${looksOf(node)}`).join('; ')
  const cause = nodes.map(causeOf).find((error) => error !== undefined)
  return new SwitchyardError('SWITCHYARD_NO_PRIMARY', `No primary found: ${seen}`, {
    cause: cause && eventError(cause),
    retryable: true,
  })
}

/**
 * Returns the error in the options that the first probes reveal. Later the same conditions only exclude a node: they
 * must not stop a running application.
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
