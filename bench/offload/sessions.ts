import { memoryOfSessions } from './memory.ts'

/** Measures only the memory of a million sessions, or of a given number: no server is needed. */
console.log(JSON.stringify(await memoryOfSessions(Number(process.argv[2] ?? 1_000_000))))
