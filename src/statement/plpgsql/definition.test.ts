import { expect, test } from 'vitest'
import { definitionOf } from './definition.ts'

const bodies: readonly (readonly [text: string, tag: string])[] = [
  ['BEGIN END', '$body$'],
  ['$body$', '$body_$'],
  ['$body $body_', '$body__$'],
  // Closed by the first dollar sign of its own end, were the tag not another one.
  ['BEGIN END --$body', '$body_$'],
  ['BEGIN END --$', '$body$'],
]

test.each(bodies)('%j', (text, tag) => {
  expect(definitionOf({ language: 'plpgsql', head: 'HEAD', text })).toBe(`HEAD AS ${tag}${text}${tag}`)
})
