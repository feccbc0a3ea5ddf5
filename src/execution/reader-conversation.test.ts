import { beforeEach, describe, expect, it } from 'vitest'
import { ownFault, planOf, refusal, reset } from '../../test/support/execution-bench.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { ReaderBench } from '../../test/support/reader-bench.ts'
import type { ReplicaLease } from './conversation.ts'

let b: ReaderBench
let held: ReplicaLease[]
let places: (() => void)[]

beforeEach(() => {
  b = new ReaderBench()
  held = []
  places = []
})

/** Begins a conversation by the plan. */
function begin(word: string): void {
  const conversation = {
    held: (lease: ReplicaLease, result: unknown): void => {
      held.push(lease)
      b.log.push(`held ${lease.node.id}: ${String(result)}`)
    },
    spilled: (leave: () => void): void => {
      places.push(leave)
      b.log.push('spilled')
    },
  }
  const refused = (): void => void b.log.push('refused')
  b.reader({ places: 1, catchUpTimeoutMs: 0 }).read(
    b.readOf(() => planOf(word), { refused, conversation }),
    b.done,
  )
}

const told = (): readonly string[] => b.log.filter((line) => /^(held|spilled|refused|done)/.test(line))

describe('a conversation', () => {
  it('keeps the connection of the replica that has answered', () => {
    b.answers['a'] = 'begun'
    begin('abp')
    expect(told()).toEqual(['held a: begun'])
    expect(b.releases).toEqual([0])
    expect(held[0]?.client).toBe(b.nodes.a.leases[0])
  })

  it('counts for the balancer, and is no read that was answered', () => {
    b.answers['a'] = 'begun'
    begin('ap')
    expect(b.log).toContain('ended a answered after 0')
    expect(b.log).not.toContain('readAnswered a')
  })

  it('is in flight until its connection is given back, once', () => {
    b.answers['a'] = 'begun'
    begin('ap')
    begin('ap')
    expect(b.health.inFlight('a')).toBe(2)
    held[0]?.client.release()
    held[0]?.client.release()
    expect(b.health.inFlight('a')).toBe(1)
    expect(b.releases).toEqual([2, 0])
  })

  it('says nothing of a node that was forgotten meanwhile', () => {
    b.answers['a'] = 'begun'
    begin('ap')
    b.health.retain(new Set())
    begin('ap')
    held[0]?.client.release()
    expect(b.health.inFlight('a')).toBe(1)
  })

  it('begins at the next replica when one fails, whose connection is not kept', () => {
    b.answers['a'] = reset()
    b.answers['b'] = 'begun'
    begin('abp')
    expect(told()).toEqual(['held b: begun'])
    expect(b.releases).toEqual([1, 0])
  })

  it('gives back the connection over which it failed by itself', async () => {
    b.answers['a'] = ownFault()
    begin('ap')
    await settle()
    expect(told()).toEqual(['done with error 42P01'])
    expect(b.releases).toEqual([1])
  })

  it('the caller takes a refused statement elsewhere', () => {
    b.answers['a'] = refusal()
    begin('ap')
    expect(told()).toEqual(['refused'])
    expect(b.releases).toEqual([1])
  })

  it('takes a place on the primary and no connection, until it leaves', () => {
    begin('p')
    expect(told()).toEqual(['spilled'])
    expect(b.sent).toBe('')
    begin('p')
    expect(b.outcome).toMatch(/^No replica can serve the read/)
    places[0]?.()
    begin('p')
    expect(told().filter((line) => line === 'spilled')).toHaveLength(2)
  })

  it('hears that its node is given up, until it no longer wants to', async () => {
    b.answers['a'] = 'begun'
    begin('ap')
    const causes: string[] = []
    const unwatch = held[0]?.watch((cause) => void causes.push(cause.message))
    b.attempts.abandon('b', new Error('b is down'))
    b.attempts.abandon('a', new Error('a is down'))
    unwatch?.()
    b.attempts.abandon('a', new Error('a is down again'))
    await settle()
    expect(causes).toEqual(['a is down'])
  })
})
