import type { ResolvedLaneOptions, ResolvedPrepareOptions } from '../nodes/sharing.ts'
import { checkNames, checkObject, numberOption } from './validate.ts'

const LANE_OPTIONS: ReadonlySet<string> = new Set(['perNode', 'maxInFlight'])
const PREPARE_OPTIONS: ReadonlySet<string> = new Set(['after', 'max'])

/** Validates the option `lanes`. Returns `undefined` when lanes are off. */
export function lanesOf(lanes: unknown): ResolvedLaneOptions | undefined {
  if (lanes === false) return undefined
  if (lanes !== undefined) checkObject('lanes', lanes)
  const { perNode, maxInFlight }: { perNode?: unknown; maxInFlight?: unknown } = lanes ?? {}
  checkNames(lanes ?? {}, LANE_OPTIONS, 'lanes')
  return {
    perNode: numberOption('lanes.perNode', perNode, 2, { min: 1 }),
    maxInFlight: numberOption('lanes.maxInFlight', maxInFlight, 128, { min: 1 }),
  }
}

/** Validates the option `prepare`. Returns `undefined` when preparing is off. */
export function prepareOf(prepare: unknown): ResolvedPrepareOptions | undefined {
  if (prepare === false) return undefined
  if (prepare !== undefined) checkObject('prepare', prepare)
  const { after, max }: { after?: unknown; max?: unknown } = prepare ?? {}
  checkNames(prepare ?? {}, PREPARE_OPTIONS, 'prepare')
  return {
    after: numberOption('prepare.after', after, 5, { min: 2 }),
    max: Math.floor(numberOption('prepare.max', max, 100, { min: 1 })),
  }
}
