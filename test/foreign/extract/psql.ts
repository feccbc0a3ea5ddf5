import { splitScript } from '../../../src/cli/dry-run/split-script.ts'
import type { ForeignStatement } from './script.ts'

const assignment = /^\\set\s+(\w+)\s+(.+?)\s*$/

/**
 * Extracts the statements of a psql script. Variables that the script sets to constants are filled in; a statement that
 * uses another variable keeps it, and is left out later.
 */
export function fromPsql(script: string): readonly ForeignStatement[] {
  const variables = new Map<string, string>()
  const lines = script.split('\n').map((line) => {
    const [, name, value] = assignment.exec(line) ?? []
    if (name === undefined || value === undefined) return fillIn(line, variables).replaceAll('\\;', ';')
    variables.set(name, unquote(fillIn(value, variables)))
    return ''
  })
  return splitScript(lines.join('\n')).map((sql) => ({ sql }))
}

function fillIn(line: string, variables: ReadonlyMap<string, string>): string {
  if (variables.size === 0 || !line.includes(':')) return line
  return line.replaceAll(/(?<![:\w])(?::'(\w+)'|:"(\w+)"|:(\w+))/g, (all, text, name, raw) => {
    const value = variables.get(String(text ?? name ?? raw))
    if (value === undefined) return all
    if (text !== undefined) return `'${value.replaceAll("'", "''")}'`
    return name === undefined ? value : `"${value.replaceAll('"', '""')}"`
  })
}

/** Pieces of a value stand one behind the other without a space, as in psql. */
function unquote(value: string): string {
  const pieces = value.matchAll(/'((?:[^']|'')*)'|(\S+)/g)
  return [...pieces].map(([, quoted, bare]) => quoted?.replaceAll("''", "'") ?? bare).join('')
}
