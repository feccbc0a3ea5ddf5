import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What the compiler says of the files beside this one, and which files it looked at. */
function compile(): Promise<{ readonly errors: readonly string[]; readonly files: readonly string[] }> {
  const compiler = `${root}node_modules/typescript/bin/tsc`
  const args = [compiler, '--noEmit', '--listFiles', '--pretty', 'false', '-p', 'test/types']
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, maxBuffer: 2 ** 24 }, (_error, stdout) => {
      const lines = stdout.split('\n')
      resolve({
        errors: lines.filter((line) => /error TS/.test(line)),
        files: lines.filter((line) => line.includes('/test/types/')).map((line) => line.replace(/.*\//, '')),
      })
    })
  })
}

test('the types keep their promises', async () => {
  const { errors, files } = await compile()
  expect(errors).toEqual([])
  expect(files.toSorted()).toEqual([
    'drop-in.ts',
    'exports.test.ts',
    'extensions.ts',
    'options.ts',
    'types.test.ts',
  ])
})
