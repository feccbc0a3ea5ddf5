import { documentAt } from '../../errors/documents.ts'
import { printable } from '../classify/glyphs.ts'
import { span, wrapped, type Line, type Style } from '../demo/paint.ts'
import type { Facts } from './facts.ts'
import type { Finding, Severity } from './finding.ts'

const STYLES: Readonly<Record<Severity, Style>> = { error: 'red', warning: 'yellow', notice: 'cyan' }

/** Returns the report as lines of at most `columns`. */
export function reportLines(facts: Facts, findings: readonly Finding[], columns: number): readonly Line[] {
  const lines: Line[] = []
  for (const { id, severity, node, what, why, fix, docs } of findings) {
    lines.push(
      [
        span(severity, STYLES[severity]),
        span(` ${id}`, 'bold'),
        span(node === undefined ? '' : ` ${node}`, 'dim'),
      ],
      [span(`  ${printable(what)}`)],
      [span(`  Why: ${why}`, 'dim')],
      ...fix.split('\n').map((line) => [span(`  ${line === '' ? '' : '→ '}${printable(line)}`)]),
      [span(`  ${documentAt(docs)}`, 'dim')],
      [],
    )
  }
  return [...lines.flatMap((line) => wrapped(line, columns)), [span(summary(facts, findings), 'bold')]]
}

function summary({ replicas, refused }: Facts, findings: readonly Finding[]): string {
  const nodes = 1 + replicas.length + refused.length
  const where = `${nodes} ${nodes === 1 ? 'node' : 'nodes'}`
  if (findings.length === 0) return `No problems were found with ${where}.`
  const counts = (['error', 'warning', 'notice'] as const).flatMap((severity) => {
    const count = countOf(findings, severity)
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`]
  })
  return `${where}: ${counts.join(', ')}.`
}

export function countOf(findings: readonly Finding[], severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length
}

/** Returns the report as one JSON object. */
export function asJson({ primary, replicas, refused }: Facts, findings: readonly Finding[]): string {
  return JSON.stringify({
    nodes: [
      ...[primary, ...replicas].map(({ id, given, server, pooler, lag }) => ({
        id,
        given,
        role: server.isStandby ? 'replica' : 'primary',
        version: server.version,
        ...('known' in pooler && { pooler: pooler.known }),
        ...(lag !== undefined &&
          'known' in lag && { lagMs: lag.known.ms, lagBytes: lag.known.bytes ?? null }),
      })),
      ...refused.map(({ id }) => ({ id, given: 'replica', role: 'unknown' })),
    ],
    errors: countOf(findings, 'error'),
    warnings: countOf(findings, 'warning'),
    notices: countOf(findings, 'notice'),
    findings,
  })
}
