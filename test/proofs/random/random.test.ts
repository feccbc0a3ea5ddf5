import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from 'pg'
import { createLibpgQueryParser } from '../../../src/statement/libpg-query-parser.ts'
import type { Cluster } from '../../../src/test-cluster/index.ts'
import { generate } from './generate.ts'
import { noFigures, runPlan, type Stage } from './trial.ts'
import { sharedCluster } from '../../support/shared-cluster.ts'

let cluster: Cluster
let stage: Stage

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 0, settings: { fsync: 'off', autovacuum: 'off' } })
  const owner = new Client(cluster.primary.config)
  await owner.connect()
  await owner.query('CREATE ROLE proof_guest')
  const parser = createLibpgQueryParser()
  await parser.load()
  stage = { owner, config: cluster.primary.config, parser, figures: noFigures() }
})

afterAll(async () => {
  await stage?.owner.end()
  await cluster?.stop()
})

// `npm run proof:footprints-random` takes many more.
test('statements that show a write in a random schema meet it', async ({ annotate }) => {
  const { figures } = stage
  for (let seed = 1; figures.pairs < 2_000; seed++) expect(await runPlan(generate(seed), stage)).toEqual([])
  const { apart, differing, pairs, proven } = figures
  await annotate(
    `${pairs} pairs: ${apart} do not meet, ${differing} differed, ${proven} of these are bounded`,
  )
  expect(apart).toBeGreaterThan(pairs / 4)
  expect(proven).toBeGreaterThan(differing / 2)
}, 60_000)

test('a schema follows from its seed', () => {
  expect(generate(7)).toEqual(generate(7))
  expect(generate(7)).not.toEqual(generate(8))
})
