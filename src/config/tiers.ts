import { describe } from '../errors/describe.ts'
import type { ExecutionLimits } from '../execution/execution.ts'
import { DEFAULT_TIER, type Tier } from '../nodes/tier.ts'
import { LONGEST_TIMER_MS } from './limits.ts'
import type { TierOptions } from './options.ts'
import { tagsOption } from './tags.ts'
import { checkNames, checkObject, invalid, numberOption } from './validate.ts'

const MOST_PRIORITY = 9

const TIER_OPTIONS: ReadonlySet<string> = new Set<keyof TierOptions>([
  'share',
  'priority',
  'maxQueue',
  'maxWaitMs',
  'statementTimeoutMs',
  'tags',
])

/** The tier of statements without a tier. They wait without a limit, as with pg.Pool. */
const UNNAMED: Tier = {
  name: DEFAULT_TIER,
  share: 1,
  priority: 0,
  maxQueue: Infinity,
  maxWaitMs: undefined,
  statementTimeoutMs: undefined,
  tags: undefined,
}

/**
 * Validates the option `tiers`, and adds the default tier; `undefined` without tiers. Throws
 * `SWITCHYARD_INVALID_OPTION`.
 */
export function tiersOf(given: unknown): readonly Tier[] | undefined {
  if (given === undefined) return undefined
  checkObject('tiers', given)
  const tiers = Object.entries(given).map(([name, options]) => tierOf(name, options))
  if (tiers.length === 0)
    throw invalid('Option "tiers" must name at least one tier; received an empty object')
  return Object.freeze(tiers.some(({ name }) => name === DEFAULT_TIER) ? tiers : [...tiers, UNNAMED])
}

function tierOf(name: string, given: unknown): Tier {
  const at = `tiers.${name}`
  checkObject(at, given)
  checkNames(given, TIER_OPTIONS, at)
  const { share, priority, maxQueue, maxWaitMs, statementTimeoutMs, tags } = given as Record<
    keyof TierOptions,
    unknown
  >
  const timeout = { above: 0, max: LONGEST_TIMER_MS }
  return Object.freeze({
    name,
    share: numberOption(`${at}.share`, share, 1, { above: 0, max: 1 }),
    priority: integerOption(`${at}.priority`, priority, 0, MOST_PRIORITY),
    maxQueue: integerOption(`${at}.maxQueue`, maxQueue, 100, Number.MAX_SAFE_INTEGER),
    maxWaitMs: numberOption(`${at}.maxWaitMs`, maxWaitMs, 10_000, timeout),
    statementTimeoutMs:
      statementTimeoutMs === undefined
        ? undefined
        : Math.ceil(numberOption(`${at}.statementTimeoutMs`, statementTimeoutMs, 0, timeout)),
    tags: tagsOption(`${at}.tags`, tags).tags,
  })
}

function integerOption(name: string, value: unknown, defaultValue: number, max: number): number {
  const number = numberOption(name, value, defaultValue, { min: 0, max })
  if (Number.isInteger(number)) return number
  throw invalid(`Option "${name}" must be an integer from 0 to ${max}; received ${describe(value)}`)
}

/** Returns the limits of one tier. Its share also applies to reads on the primary in place of replicas. */
export function limitsOf(limits: ExecutionLimits, tier: Tier | undefined): ExecutionLimits {
  if (tier === undefined) return limits
  const { places, over } = limits.primarySpill
  const share = places === 0 ? 0 : Math.max(1, Math.floor(places * tier.share))
  const { readTimeoutMs, failoverTimeoutMs, catchUpTimeoutMs } = limits
  return { readTimeoutMs, failoverTimeoutMs, catchUpTimeoutMs, primarySpill: { places: share, over } }
}

/** The error for a tier that there is not among those of these names. */
export function noSuchTier(tier: string, names: readonly string[]): Error {
  const known = names.map((name) => JSON.stringify(name)).join(', ')
  const legal = known === '' ? 'left out, because the pool has no "tiers"' : `one of ${known}`
  return invalid(`Option "tier" must be ${legal}; received ${JSON.stringify(tier)}`)
}
