import { readFile } from 'node:fs/promises'
import { parseDeclarations, type DeclaredName } from '../../catalog/declared.ts'
import { SwitchyardError } from '../../errors/error.ts'
import { usageError } from '../command.ts'

/** Reads the pool's option `declared` from a JSON file. Rejects with a usage error. */
export async function readDeclared(path: string): Promise<readonly DeclaredName[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read'
    throw usageError(`Option "--declared" must be a file that can be read: ${why}`)
  })
  const wanted =
    'Option "--declared" must be a file with a JSON object such as {"functions": {"shop.price_of": "readOnly"}}'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw usageError(wanted)
  }
  if (!isObject(value) || !Object.values(value).every(isObject)) throw usageError(wanted)
  try {
    return parseDeclarations(value)
  } catch (error) {
    throw error instanceof SwitchyardError ? usageError(`Option "--declared": ${error.message}`) : error
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
