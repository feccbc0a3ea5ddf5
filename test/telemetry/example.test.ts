import { expect, it } from 'vitest'
import { readExample, runExample } from '../examples/example.ts'

it('the example of OpenTelemetry prints what its comment says', async () => {
  const path = 'examples/tracing/tracing.mjs'
  const example = readExample(path)
  expect(example.command).toBe(`npm ci && npm run peers examples/tracing && npm run example ${path}`)
  expect(await runExample(path, example)).toEqual(example.prints)
})
