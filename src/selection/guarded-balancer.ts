import { asError } from '../errors/as-error.ts'
import type { Balancer } from './balancer.ts'

/**
 * Wraps a balancer so that its exceptions do not stop reads. If `order` throws, the candidates keep their order.
 * @param failed Called with the first error only.
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
    // Hooks that the balancer lacks cost nothing.
    ...(balancer.started && { started: (...args) => attempt(() => balancer.started?.(...args)) }),
    ...(balancer.ended && { ended: (...args) => attempt(() => balancer.ended?.(...args)) }),
  }
}
