import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { rules } from '../../src/cli/doctor/rules.ts'

it('describes each check of the doctor in a section of its own', () => {
  const sections = readFileSync('docs/operate/doctor.md', 'utf8').match(/(?<=^### ).+$/gm) ?? []
  expect(sections.toSorted()).toEqual(rules.map(({ id }) => id).toSorted())
})

it('names a document that is there for each check', () => {
  const named = rules.flatMap(({ docs }) => (docs === undefined ? [] : [docs]))
  expect(named.filter((document) => !existsSync(`docs/${document}`))).toEqual([])
})
