import { expect, it } from 'vitest'
import { CausalBench, readNote } from '../support/causal-bench.ts'

// What is committed without a flush stays unflushed for long.
const bench = CausalBench.forTests({ settings: { wal_writer_delay: '2s' } })

it('one pool of this process reads the writes of another', async () => {
  const [writer, reader] = [await bench.open(), await bench.open({ catchUpTimeoutMs: 50 })]
  await bench.paused([0, 1], async () => {
    const version = await bench.write(writer)
    expect(await readNote(reader)).toMatchObject({ version, from: 'primary' })
    // The proof that a replica would have said otherwise.
    expect((await readNote(reader, { route: 'replica' })).version).toBeLessThan(version)
  })
})

it('also when the other one has not looked at the cluster yet', async () => {
  const writer = await bench.open()
  const reader = bench.openUnprepared({ catchUpTimeoutMs: 50 })
  await bench.paused([0, 1], async () => {
    const version = await bench.write(writer)
    expect(await readNote(reader)).toMatchObject({ version })
  })
})

it('also by time alone', async () => {
  const writer = await bench.open()
  const reader = await bench.open({ consistency: 'window', windowMs: 60_000 })
  const version = await bench.write(writer)
  expect(await readNote(reader)).toMatchObject({ version, from: 'primary' })
})

it('also what the first one does not flush', async () => {
  const [writer, reader] = [await bench.open(), await bench.open({ catchUpTimeoutMs: 30 })]
  const client = await writer.connect()
  try {
    await client.query('set synchronous_commit = off')
    for (let version = 1_000_000; version < 1_000_015; version++) {
      await client.query('update notes set version = $1 where id = 1', [version])
      expect(await readNote(reader)).toMatchObject({ version })
    }
  } finally {
    client.release(true)
  }
})

it('sessions of their own have nothing to do with it', async () => {
  const [writer, reader] = [await bench.open(), await bench.open({ catchUpTimeoutMs: 50 })]
  await bench.paused([0, 1], async () => {
    await bench.write(writer)
    const { from } = await reader.withSession(() => readNote(reader))
    expect(from).toBeOneOf([0, 1])
  })
})
