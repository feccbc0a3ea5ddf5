import type { AttributeName, Instrument, InstrumentName } from './instruments.ts'

const SUFFIXES: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes', '1': '_ratio' }

/** Name of a metric by the rules of Prometheus: with its base unit, and `_total` for a counter. */
export function metricName(name: InstrumentName, { kind, unit }: Instrument): string {
  const total = kind === 'counter' ? '_total' : ''
  return name.replaceAll('.', '_') + (SUFFIXES[unit] ?? '') + total
}

/** Name of an attribute as a label. Those of the library lose its name: `reason`, `role`, `node`. */
export function labelName(name: AttributeName): string {
  if (name === 'db.client.connection.state' || name === 'switchyard.node.state') return 'state'
  return name.replace(/^(?:switchyard|db)\./, '').replaceAll('.', '_')
}
