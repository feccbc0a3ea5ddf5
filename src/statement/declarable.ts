import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import { spelled } from '../catalog/qualified-name.ts'
import type { Analysis } from './parser.ts'

/** The functions and relations of a text that are not the system's own, spelt as `declared` takes them. */
export function declarable({ functions, relations }: Analysis): {
  readonly functions: readonly string[]
  readonly relations: readonly string[]
} {
  return {
    functions: functions.filter((use) => builtinCatalog.functionVerdict(use) === 'pending').map(spelled),
    relations: relations.filter((use) => builtinCatalog.relationVerdict(use) === 'pending').map(spelled),
  }
}
