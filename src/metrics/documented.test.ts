import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ALL_INSTRUMENTS } from './instruments.ts'

it('docs/operate/metrics-and-health.md lists every metric with its kind and unit, and no other', () => {
  const table = readFileSync('docs/operate/metrics-and-health.md', 'utf8').split('<!-- metrics -->')[1] ?? ''
  const rows = [...table.matchAll(/^\| `([a-z._]+)`\s*\| (\w+)\s*\| (\S+)\s*\|/gm)]
  const expected = ALL_INSTRUMENTS.map(([name, { kind, unit }]) => [name, kind, unit])
  expect(rows.map(([, ...cells]) => cells)).toEqual(expected)
})
