import { describe } from '../errors/describe.ts'
import { isTags, type Tags } from '../topology/tags.ts'
import { invalid } from './validate.ts'

/** Validates an option with tags; throws `SWITCHYARD_INVALID_OPTION` unless all of them are strings. */
export function tagsOption(name: string, value: unknown): { readonly tags?: Tags } {
  if (value === undefined) return {}
  if (!isTags(value)) {
    throw invalid(
      `Option "${name}" must be an object whose values are strings, such as { zone: 'a' }; received ${describe(value)}`,
    )
  }
  return { tags: Object.freeze({ ...value }) }
}
