import type { Action } from './plan.ts'
import { keyOf } from './statements.ts'

/** Says in words what an operation does. */
export function describe(action: Action): string {
  switch (action.type) {
    case 'read':
      return `read ${keyOf(action.table, action.row)}`
    case 'read-all':
      return `read all ${action.table}`
    case 'update':
    case 'returning':
      return `update ${keyOf(action.table, action.row)}`
    case 'cursor':
      return `read all ${action.table} with a cursor`
    case 'lock':
      return `lock ${keyOf(action.table, action.row)}`
    case 'strong':
      return `read ${keyOf(action.table, action.row)} (strong)`
    case 'bounded':
      return `read ${keyOf(action.table, action.row)} (at most ${action.maxStalenessMs} ms old)`
    case 'client':
      return `on one client: ${action.operations.map((each) => `${each.id} ${describe(each.action)}`).join(', ')}`
    case 'append':
      return 'append to the log'
    case 'read-log':
      return 'read the log'
    case 'hand-over':
      return 'take a token'
    case 'adopt':
      return 'go on with a token'
    case 'transaction':
      return `${action.mode}${action.isRepeatable ? ' repeatable' : ''} transaction (${action.steps.map(describe).join(', ')}; ${action.ends})`
  }
}
