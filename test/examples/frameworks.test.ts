import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const docs = readFileSync(`${root}docs/start/frameworks.md`, 'utf8')

/** Each piece of code in the docs, with the first example that is linked behind it. */
const pieces = [
  ...docs.matchAll(/```[jt]sx?\n([^]*?)```[^]*?\]\((?:\.\.\/)+(examples\/frameworks\/[^)]+)\)/g),
]

it.each(pieces.map(([, code = '', example = '']) => [example, code]))(
  'the code in docs/start/frameworks.md is that of %s',
  (example, code) => {
    expect(readFileSync(`${root}${example}`, 'utf8')).toContain(code)
  },
)

it('covers each framework', () => {
  expect(pieces.map(([, , example]) => example?.split('/')[2])).toEqual([
    'express',
    'fastify',
    'nestjs',
    'hono',
    'next',
    'next',
    'koa',
    'fetch',
  ])
})
