import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doctor } from '../../src/cli/doctor/doctor.ts'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { runCommand, urlOf } from '../support/cli.ts'
import { Bouncer, missingForBouncer } from './bouncer.ts'

const missing = await missingForBouncer()

describe.skipIf(missing !== undefined)(
  `the doctor${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let cluster: Cluster
    beforeAll(async () => {
      cluster = await startCluster({ replicas: 0 })
    })
    afterAll(() => cluster?.stop())

    test.each(['transaction', 'session'] as const)('sees PgBouncer, %s pooling', async (mode) => {
      await using bouncer = await Bouncer.start(cluster.primary.config, mode)
      const { code, stdout } = await runCommand('doctor', doctor, ['--json', '--primary', urlOf(bouncer)])
      const { findings } = JSON.parse(stdout) as { findings: readonly { what: string }[] }
      expect(findings).toMatchObject([
        { id: 'pooler', severity: 'notice', what: `A pooler in ${mode} mode stands in between.` },
      ])
      expect(code).toBe(0)
    })
  },
)
