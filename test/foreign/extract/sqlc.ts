import { splitScript } from '../../../src/cli/dry-run/split-script.ts'
import { countParameters } from './go.ts'
import type { ForeignStatement } from './script.ts'

const named = /\bsqlc\.n?arg\s*\(\s*'?"?(\w+)'?"?\s*\)|(?<![\w@<>:|])@(\w+)\b/gi

/** Extracts the queries of sqlc, whose parameters may have names: these get numbers. */
export function fromSqlc(script: string): readonly ForeignStatement[] {
  return splitScript(script).map((text) => {
    const numbers = new Map<string, number>()
    let last = countParameters(text)
    const sql = text
      .replaceAll(/\bsqlc\.embed\s*\(\s*(\w+)\s*\)/gi, '$1.*')
      .replaceAll(named, (_, called?: string, at?: string) => {
        const name = called ?? at ?? ''
        const number = numbers.get(name) ?? ++last
        numbers.set(name, number)
        return `$${number}`
      })
    const isQuery =
      /^(?:\s|--[^\n]*\n|\/\*[^]*?\*\/)*(?:select|insert|update|delete|with|values|merge)\b/i.test(sql)
    return isQuery && last > 0 ? { sql, parameters: last } : { sql }
  })
}
