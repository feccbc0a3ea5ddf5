import type { Clock } from './clock.ts'
import type { Random } from './random.ts'
import type { Shopper } from './shopper.ts'

export interface VisitOptions {
  readonly shopper: Pick<Shopper, 'sinceWriteMs' | 'browse' | 'changeProfile' | 'placeOrder' | 'lookBack'>
  readonly random: Random
  readonly clock: Clock
  /** The pool's `windowMs`. Users return at its end, to detect a router that sends reads to replicas too early. */
  readonly windowMs: number
}

/** Share of the visits that end with a write. */
const WRITES = 0.35

/**
 * Runs one visit: the user browses, sometimes buys or changes something and checks it at once, sometimes browses on.
 * Resolves to the time until the next visit, in milliseconds.
 */
export async function visit(options: VisitOptions): Promise<number> {
  const { shopper, random, windowMs } = options
  const sinceWriteMs = shopper.sinceWriteMs
  if (sinceWriteMs !== undefined) await shopper.lookBack()
  // Soon after a write the user only checks it.
  if (sinceWriteMs !== undefined && sinceWriteMs < windowMs) {
    return windowMs - sinceWriteMs + random.between(0, 400)
  }

  await browse(options, random.integer(8, 30))
  if (!random.chance(WRITES)) return random.between(300, 3000)

  await (random.chance(0.5) ? shopper.placeOrder() : shopper.changeProfile())
  await shopper.lookBack()
  if (random.chance(0.25)) await browse(options, random.integer(2, 8))
  const returns = random.next()
  if (returns < 0.4) return random.between(100, windowMs)
  return returns < 0.7 ? windowMs + random.between(0, 400) : random.between(1.5 * windowMs, 3 * windowMs)
}

async function browse({ shopper, random, clock }: VisitOptions, pages: number): Promise<void> {
  for (let page = 0; page < pages && !clock.isOver; page++) {
    await shopper.browse()
    await clock.pause(random.between(1, 6))
  }
}
