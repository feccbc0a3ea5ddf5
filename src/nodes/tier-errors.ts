import { SwitchyardError } from '../errors/error.ts'
import type { NodeId } from '../topology/node.ts'
import type { Tier } from './tier.ts'

export function tierFullError({ name, maxQueue }: Tier, node: NodeId): SwitchyardError {
  const message =
    `Tier "${name}": ${maxQueue} statements wait for a connection to ${node} already, as many ` +
    'as its "maxQueue" allows'
  return new SwitchyardError('SWITCHYARD_TIER_FULL', message, { retryable: true })
}

export function tierTimeoutError({ name, maxWaitMs }: Tier, node: NodeId): SwitchyardError {
  const message = `Tier "${name}": no connection to ${node} was free for it within its "maxWaitMs", ${maxWaitMs} ms`
  return new SwitchyardError('SWITCHYARD_TIER_TIMEOUT', message, { retryable: true })
}

export function tierUnservedError({ name, tags }: Tier): SwitchyardError {
  const message = `Tier "${name}": no node with its tags ${JSON.stringify(tags)} can serve the read`
  return new SwitchyardError('SWITCHYARD_TIER_UNSERVED', message, { retryable: true })
}
