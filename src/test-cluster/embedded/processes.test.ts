import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { until } from '../wait.ts'
import { haveEnded, processTree, signalAll } from './processes.ts'

test('a tree holds children and their children, and signals reach all of it', async () => {
  const shell = spawn('/bin/sh', ['-c', 'sh -c "sleep 60; true" ; true'], { stdio: 'ignore' })
  const root = shell.pid as number
  const tree = await until('the grandchildren', 15_000, async () => {
    const found = await processTree(root)
    return found.length === 3 ? found : undefined
  })
  expect(tree[0]).toBe(root)
  expect(await haveEnded(tree)).toBe(false)
  signalAll(tree, 'SIGKILL')
  await once(shell, 'exit')
  await until('all of them to end', 15_000, async () => (await haveEnded(tree)) || undefined)
})

test('a process that does not exist has ended, has no children and ignores signals', async () => {
  const child = spawn('true')
  await once(child, 'exit')
  const pid = child.pid as number
  expect(await haveEnded([pid])).toBe(true)
  expect(await processTree(pid)).toEqual([pid])
  signalAll([pid], 'SIGKILL')
})
