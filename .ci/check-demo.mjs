// Reads what the demo printed with --json, behind whatever npm printed before it, and holds it against what the demo
// promises. Prints one line for each promise, "ok …" or "not ok …".
import { readFileSync } from 'node:fs'

const promises = {
  'queries > 0': (demo) => demo.queries > 0,
  'errors == 0': (demo) => demo.errors === 0,
  'violations == 0': (demo) => demo.violations === 0,
  '0.8 < offload <= 1': (demo) => demo.offload > 0.8 && demo.offload <= 1,
  '0 < p50Ms <= p99Ms': (demo) => demo.p50Ms > 0 && demo.p50Ms <= demo.p99Ms,
  '3 nodes': (demo) => demo.nodes?.length === 3,
}

function readDemo(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8').match(/^\{[^]*\}\s*$/m)?.[0] ?? '')
  } catch (error) {
    console.error(`The demo printed no JSON object: ${error.message}`)
    return undefined
  }
}

const demo = readDemo(process.argv[2])
if (demo !== undefined) console.log(JSON.stringify(demo, undefined, 2))
for (const [promise, holds] of Object.entries(promises)) {
  const ok = demo !== undefined && holds(demo)
  console.log(`${ok ? 'ok' : 'not ok'}: demo, ${promise}`)
}
