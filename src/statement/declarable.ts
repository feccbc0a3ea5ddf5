import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import type { QualifiedName } from '../catalog/catalog.ts'
import type { Analysis } from './parser.ts'

/** The functions and relations of a text that are not the system's own, spelt as `declared` takes them. */
export function declarable({ functions, relations }: Analysis): {
  readonly functions: readonly string[]
  readonly relations: readonly string[]
} {
  return {
    functions: functions.filter((use) => builtinCatalog.functionVerdict(use) === 'pending').map(quoted),
    relations: relations.filter((use) => builtinCatalog.relationVerdict(use) === 'pending').map(quoted),
  }
}

/** A name as it has to be written to be read back as the same. */
function quoted({ schema, name }: QualifiedName): string {
  return schema === undefined ? part(name) : `${part(schema)}.${part(name)}`
}

function part(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}
