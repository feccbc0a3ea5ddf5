import { memoryOfSessions } from './memory.ts'

/** What a million sessions take, and nothing else: no server is needed. Their number may be given. */
console.log(JSON.stringify(await memoryOfSessions(Number(process.argv[2] ?? 1_000_000))))
