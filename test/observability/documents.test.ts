import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { adviceFor, isPrimaryReason } from '../../src/observability/advice.ts'
import { READINESS, REASONS } from './reasons.ts'

const document = readFileSync('docs/reference/reasons.md', 'utf8')
const statistics = readFileSync('docs/operate/statistics.md', 'utf8')

/** First cells of the tables in a part of a document that hold one name. */
function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, name]) => name ?? '')
}

/** Part of a document below a heading, up to the next one of the same level. */
function section(text: string, level: string, heading: string): string {
  const parts = text.split(new RegExp(`^${level} `, 'm'))
  return parts.find((part) => part.startsWith(`${heading}\n`)) ?? ''
}

test.each(Object.entries(REASONS))(
  'docs/reference/reasons.md names every reason of %s, and no other',
  (heading, reasons) => {
    expect(namesIn(section(document, '##', heading)).toSorted()).toEqual(reasons.toSorted())
  },
)

test('docs/operate/statistics.md names every reason for which the primary runs a read, with the advice', () => {
  const reasons = [
    ...(REASONS['Statements'] ?? []),
    ...(REASONS['Routes'] ?? []),
    ...(REASONS['Spills'] ?? []),
  ]
  const kept = [...new Set(reasons)].filter(isPrimaryReason)
  const table = section(statistics, '##', 'Why is my read on the primary?')
  expect(namesIn(table).toSorted()).toEqual(kept.toSorted())
  for (const reason of kept) expect(table).toContain(adviceFor(reason, '_it_'))
})

test('docs/operate/metrics-and-health.md names every reason why a process is not ready', () => {
  const metrics = readFileSync('docs/operate/metrics-and-health.md', 'utf8')
  for (const reason of READINESS) expect(metrics).toContain(`\`${reason}\``)
})

/** Unions that are made of others: their members are in the lists of those. */
const COMPOSED: ReadonlySet<string> = new Set(['Exclusion', 'PrimaryReason'])

test('every union of reasons is in the lists that are compared with the documents and with what is produced', () => {
  const lists = readFileSync('test/observability/reasons.ts', 'utf8')
  const unions = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('cli/'))
    .flatMap((file) =>
      [
        ...readFileSync(`src/${file}`, 'utf8').matchAll(
          /^export type (\w*(?:Reason|Rejection|Exclusion|Pin|Status|Cause))\b/gm,
        ),
      ].map(([, name]) => name ?? ''),
    )
  expect(unions.length).toBeGreaterThan(9)
  const missing = unions.filter((name) => !COMPOSED.has(name) && !lists.includes(`all<${name}>`))
  expect(missing).toEqual([])
})
