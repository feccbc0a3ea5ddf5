import { classify } from '../../../src/cli/classify/classify.ts'
import { reasonInWords } from '../../../src/cli/classify/reasons.ts'
import type { Command } from '../../../src/cli/command.ts'
import { demo } from '../../../src/cli/demo/demo.ts'
import { doctor } from '../../../src/cli/doctor/doctor.ts'
import { dryRun } from '../../../src/cli/dry-run/dry-run.ts'
import { ALL_INSTRUMENTS } from '../../../src/metrics/instruments.ts'
import { metricName } from '../../../src/metrics/prometheus-names.ts'
import type { StatementReason } from '../../../src/statement/statement.ts'
import { table } from './doc.ts'
import { find, sourceFile, type Found, type TypeNode } from './syntax.ts'
import { literalsOf, membersOf, membersOfType, type DocumentedMember, type Literal } from './types.ts'

/** Commands of the command line, by name. */
export const COMMANDS: Readonly<Record<string, Command>> = { classify, demo, doctor, 'dry-run': dryRun }

/** Writes a part of a page from its arguments. */
type Directive = (...args: readonly string[]) => string

function declared(path: string, name: string): Found {
  const found = find(sourceFile(`src/${path}`), name)
  if (found === undefined) throw new Error(`src/${path} declares no ${name}`)
  return found
}

function text({ doc, file, name }: DocumentedMember): string {
  if (doc === undefined || doc.text === '') throw new Error(`"${name}" in ${file.path} has no docstring`)
  return doc.text
}

function defaultOf({ doc }: DocumentedMember): string {
  const value = doc?.defaultValue ?? ''
  return /^(?:[\d.[{'"]|true|false|\w+\(\))/.test(value) ? `\`${value}\`` : value
}

function typeOf({ type }: DocumentedMember): string {
  return `\`${type.replace(/^\| /, '')}\``
}

function optionTable(path: string, name: string): string {
  const members = membersOf(declared(path, name))
  if (members.length === 0) throw new Error(`${name} has no options`)
  const rows = members.map((member) => [
    `\`${member.name}\``,
    typeOf(member),
    defaultOf(member),
    text(member),
  ])
  return `${declared(path, name).doc?.text ?? ''}\n\n${table(['option', 'type', 'default', 'meaning'], rows)}`
}

/** Documents about an option of the pool, relative to `docs/reference/`. */
const MORE: Readonly<Record<string, string>> = {
  balancer: '../operate/balancers.md',
  checkout: '../start/drop-in.md#lazy-and-eager-checkouts',
  consistency: '../understand/consistency.md',
  declared: '../understand/catalog.md#when-you-know-better',
  discovery: '../operate/discovery.md',
  failoverTimeoutMs: '../understand/failover.md',
  lanes: '../understand/lanes.md',
  lifecycle: '../operate/serverless.md',
  pipelineBegin: '../understand/transactions.md#begin-is-sent-with-the-first-statement',
  prepare: '../understand/prepared-statements.md',
  probeIntervalMs: '../understand/probes.md',
  replicas: '#addresses',
  stream: '../operate/credentials.md#connectors-stream',
  tiers: '../operate/tiers.md',
  tokens: '../start/tokens.md',
  transactions: '../understand/transactions.md#optimistic-transactions',
}

function optionSections(path: string, name: string): string {
  const members = membersOf(declared(path, name)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const index = members.map((member) => [
    `[\`${member.name}\`](#${member.name.toLowerCase()})`,
    defaultOf(member),
    text(member).split(/\.(?:\s|$)/)[0] ?? '',
  ])
  const sections = members.map((member) => {
    const value = defaultOf(member)
    const type = `Type: ${typeOf(member)}.${value === '' ? '' : ` Default: ${value}.`}`
    const more = MORE[member.name]
    const link = more === undefined ? '' : ` [More](${more}).`
    return `### ${member.name}\n\n${type}\n\n${text(member)}${link}`
  })
  return [table(['option', 'default', 'meaning'], index), ...sections].join('\n\n')
}

/** The strings of a union. */
export function literals(path: string, name: string): readonly Literal[] {
  const { file, node } = declared(path, name)
  if (node.type !== 'TSTypeAliasDeclaration') throw new Error(`${name} is no union`)
  return literalsOf(file, node.typeAnnotation)
}

function union(path: string, name: string): string {
  const rows = literals(path, name).map(({ doc, value }) => {
    if (doc === undefined) throw new Error(`'${value}' of ${name} in src/${path} has no docstring`)
    return [`\`${value}\``, doc.text]
  })
  return table([name === 'ErrorCode' ? 'code' : 'reason', 'meaning'], rows)
}

/** Stands for the part of a statement that decided, by the first word of the reason. */
const PIECES: Readonly<Record<string, string>> = {
  function: 'The function',
  relation: 'The relation',
  operator: 'The operator',
  type: 'The type',
  declared: 'A part of it',
  catalog: 'A part of it',
}

function statementReasons(): string {
  const rows = literals('statement/statement.ts', 'StatementReason').map(({ value }) => {
    const piece = PIECES[value.split('-')[0] ?? ''] ?? 'A part of it'
    const reason = value as StatementReason
    return [`\`${value}\``, reasonInWords({ reason, offender: { text: piece } })]
  })
  return table(['reason', 'meaning'], rows)
}

/** Events that an interface declares, with their fields. */
export function events(path: string, name: string): readonly DocumentedMember[] {
  const own = declared(path, name)
  if (own.node.type !== 'TSInterfaceDeclaration') throw new Error(`${name} is no interface`)
  return membersOf({ ...own, node: { ...own.node, extends: [] } })
}

function eventTable(path: string, name: string): string {
  const rows = events(path, name).map((event) => {
    const [payload] = event.node?.type === 'TSTupleType' ? event.node.elementTypes : []
    const fields = payload === undefined ? [] : membersOfType(event.file, payload as TypeNode)
    return [`\`${event.name}\``, text(event), fields.map((field) => `\`${field.name}\``).join(', ')]
  })
  return table(['event', 'when', 'fields'], rows)
}

function metrics(): string {
  const rows = ALL_INSTRUMENTS.map(([name, instrument]) => [
    `\`${name}\``,
    `\`${metricName(name, instrument)}\``,
    instrument.kind,
    instrument.unit,
    instrument.attributes.map((attribute) => `\`${attribute}\``).join(', '),
    instrument.description,
  ])
  return table(
    ['OpenTelemetry', 'Prometheus', 'kind', 'unit', 'attributes besides the pool', 'meaning'],
    rows,
  )
}

function command(name: string): string {
  const help = COMMANDS[name]?.help
  if (help === undefined) throw new Error(`There is no command ${name}`)
  return `\`\`\`text\nUsage: pg-switchyard ${name} ${help.trimEnd()}\n\`\`\``
}

/** Directives by name: `<!-- generated: NAME ARGUMENTS -->`. */
export const DIRECTIVES: Readonly<Record<string, Directive>> = {
  options: (path = '', name = '') => optionTable(path, name),
  sections: (path = '', name = '') => optionSections(path, name),
  union: (path = '', name = '') => union(path, name),
  events: (path = '', name = '') => eventTable(path, name),
  'statement-reasons': statementReasons,
  metrics,
  command: (name = '') => command(name),
}
