import { parseArgs } from 'node:util'
import { runDifferential } from './differential-run.ts'
import { ProvingGround } from './proving-ground.ts'

/** Runs thousands of made-up reads on a real standby. Fails when one is refused, and shows the shortest such statement. */
const { values: options } = parseArgs({
  options: { statements: { type: 'string', default: '20000' }, seed: { type: 'string' } },
})

const seed = options.seed === undefined ? Date.now() % 2 ** 31 : Number(options.seed)
console.log(`${options.statements} statements, seed ${seed}`)
const ground = await ProvingGround.open()
try {
  console.log(await runDifferential(ground, { statements: Number(options.statements), seed }))
} finally {
  await ground.close()
}
