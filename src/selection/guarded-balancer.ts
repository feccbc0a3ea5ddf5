import { asError } from '../errors/as-error.ts'
import type { Balancer } from './balancer.ts'

/**
 * The same balancer, but that what it throws stops no read: the candidates keep the order of the list then.
 * @param failed Told the first error.
 */
export function guardedBalancer(balancer: Balancer, failed: (cause: Error) => void): Balancer {
  let hasFailed = false
  const attempt = <T>(call: () => T): T | undefined => {
    try {
      return call()
    } catch (error) {
      if (!hasFailed) failed(asError(error))
      hasFailed = true
      return undefined
    }
  }
  return {
    order: (candidates, context) => attempt(() => balancer.order(candidates, context)) ?? candidates,
    // A balancer that does not ask costs nothing.
    ...(balancer.started && { started: (...args) => attempt(() => balancer.started?.(...args)) }),
    ...(balancer.ended && { ended: (...args) => attempt(() => balancer.ended?.(...args)) }),
  }
}
