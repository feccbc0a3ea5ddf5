import { expect, test } from 'vitest'
import { isBesideJest } from './jest.ts'

test.each<readonly [program: string | undefined, env: Record<string, string>, expected: boolean]>([
  ['/app/node_modules/jest/bin/jest.js', {}, true],
  ['/app/node_modules/jest-cli/bin/jest.js', {}, true],
  ['/app/node_modules/.bin/jest', {}, true],
  [String.raw`C:\app\node_modules\jest\bin\jest.js`, {}, true],
  ['/app/node_modules/jest-worker/build/workers/processChild.js', { JEST_WORKER_ID: '2' }, true],
  ['/app/jest.js', {}, false],
  ['/app/server.js', {}, false],
  [undefined, {}, false],
])('a process that runs %s with %j', (program, env, expected) => {
  expect(isBesideJest({ argv: ['node', ...(program === undefined ? [] : [program])], env })).toBe(expected)
})
