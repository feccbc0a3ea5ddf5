import { parentPort, workerData } from 'node:worker_threads'
import { runShare, type Share } from './schedules.ts'

await runShare(workerData as Share, (told) => parentPort?.postMessage(told, []))
