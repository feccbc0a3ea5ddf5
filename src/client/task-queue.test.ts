import { setImmediate } from 'node:timers/promises'
import { beforeEach, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { TaskQueue } from './task-queue.ts'

let log: string[]
let running: Map<string, () => void>
let queue: TaskQueue
let platform: FakePlatform

beforeEach(() => {
  log = []
  running = new Map()
  platform = new FakePlatform()
  queue = new TaskQueue(platform, {
    drained: () => log.push('drained'),
    timedOut: () => log.push('timed out'),
  })
})

function add(...names: readonly string[]): void {
  for (const name of names) addWith(0, name)
}

function addWith(timeoutMs: number, ...names: readonly string[]): void {
  for (const name of names) {
    queue.add({
      timeoutMs: () => timeoutMs,
      start: (next) => {
        log.push(name)
        running.set(name, next)
      },
      fail: (error) => log.push(`${name}: ${error.message}`),
    })
  }
}

const finish = (name: string): void => running.get(name)?.()

it('begins one when the one before is finished, in the order of the calls', () => {
  add('a', 'b')
  expect([log, queue.isEmpty]).toEqual([['a'], false])
  finish('a')
  add('c')
  expect(log).toEqual(['a', 'b'])
  finish('b')
  finish('c')
  expect([log, queue.isEmpty]).toEqual([['a', 'b', 'c', 'drained'], true])
})

it('begins nothing while it is held, and then what has come meanwhile', () => {
  queue.hold()
  add('a', 'b')
  expect([log, queue.isEmpty]).toEqual([[], false])
  queue.resume()
  expect(log).toEqual(['a'])
  finish('a')
  expect(log).toEqual(['a', 'b'])
})

it('fails what has not begun, and lets the others finish', () => {
  add('a', 'b', 'c')
  queue.failAll(() => new Error('closed'))
  expect(log).toEqual(['a', 'b: closed', 'c: closed'])
  finish('a')
  expect(log.at(-1)).toBe('drained')
  add('d')
  expect(log.at(-1)).toBe('d')
})

it('resumes with nothing to do', () => {
  queue.hold()
  queue.resume()
  expect(log).toEqual([])
})

it('fails what has waited for too long behind a task that does not end', async () => {
  add('a')
  addWith(100, 'b')
  addWith(300, 'c')
  await platform.advance(100)
  await setImmediate()
  expect([log, queue.isAtLast]).toEqual([['a', 'b: Query read timeout', 'timed out'], false])
  finish('a')
  await platform.advance(500)
  await setImmediate()
  expect(log.slice(3)).toEqual(['c'])
  expect(queue.isAtLast).toBe(true)
})
