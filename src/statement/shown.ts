import type { Argument, SettingChange } from './setting-change.ts'
import type { Statement } from './statement.ts'

/** The statement without constants of its text, which may be secrets: for events, logs and `explain()`. */
export function shown(statement: Statement): Statement {
  const { settings } = statement
  return settings === undefined
    ? statement
    : Object.freeze({ ...statement, settings: settings.map(withoutValue) })
}

function withoutValue(change: SettingChange): SettingChange {
  if (change.change === 'set') return { ...change, sql: `SET ${change.name} TO …` }
  return change.change === 'call' ? { ...change, value: withoutText(change.value) } : change
}

function withoutText(argument: Argument): Argument {
  return 'text' in argument && argument.text !== null ? { text: '…' } : argument
}
