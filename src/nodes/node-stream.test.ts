import { expect, test } from 'vitest'
import { nodeStream } from './node-stream.ts'

const factory = (): undefined => undefined
const streamOf = (name: string): unknown => nodeStream(factory, name, { host: name, port: 5432 })

test('a node that stays has the same stream, and those of nodes that are gone are forgotten', () => {
  const [stays, goes] = [streamOf('stays'), streamOf('goes')]
  for (let i = 0; i < 1_000; i += 1) {
    streamOf(`n${i}`)
    expect(streamOf('stays')).toBe(stays)
  }
  expect(streamOf('goes')).not.toBe(goes)
})
