// Prints "<passed> <failed>" from Vitest's JSON report. A file that could not be loaded has no tests: it counts as one
// failure. A report that cannot be read is a failure too.
import { readFileSync } from 'node:fs'

try {
  const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  console.log(`${report.numPassedTests} ${report.numFailedTests + broken.length}`)
} catch (error) {
  console.error(`No report of the tests: ${error.message}`)
  console.log('0 1')
}
