import { Socket } from 'node:net'

/** How recorded sockets treat a request, and how many requests they have seen. */
export const replay: { mode: 'pass' | 'record' | 'replay'; requests: number } = { mode: 'pass', requests: 0 }

/** Answers of the server, by the bytes of the request. */
const answers = new Map<string, Buffer>()
let due: [RecordedSocket, Buffer][] = []

/** Delivers all answers of one turn of the event loop at once, as a poll of many sockets does. */
function deliver(): void {
  const now = due
  due = []
  for (const [socket, answer] of now) socket.emit('data', answer)
}

/**
 * A socket that records a server's answers and can repeat them by itself. Then a measurement sees no network and no
 * server, only the JavaScript around them. Requests without a recorded answer go to the server.
 */
export class RecordedSocket extends Socket {
  readonly #records: (request: string) => boolean
  readonly #corked: Buffer[] = []
  #corks = 0
  #recording: { readonly request: string; answer: Buffer } | undefined

  /** @param records Whether the answer to a request may be recorded: not that to a question of the pool itself. */
  constructor(records: (request: string) => boolean) {
    super()
    this.#records = records
    // Node.js assigns its own `write` when a socket connects.
    const write = (chunk: Buffer): boolean => this.#write(chunk)
    Object.defineProperty(this, 'write', { get: () => write, set: () => {} })
    this.on('data', (chunk: Buffer) => this.#heard(chunk))
  }

  override cork(): void {
    this.#corks += 1
  }

  override uncork(): void {
    this.#corks -= 1
    if (this.#corks === 0 && this.#corked.length > 0) this.#send(Buffer.concat(this.#corked.splice(0)))
  }

  #write(chunk: Buffer): boolean {
    if (this.#corks > 0) this.#corked.push(chunk)
    else this.#send(chunk)
    return true
  }

  #send(bytes: Buffer): void {
    replay.requests += 1
    if (replay.mode === 'pass') return void super.write(bytes)
    const request = bytes.toString('latin1')
    const answer = answers.get(request)
    if (replay.mode === 'replay' && answer !== undefined) {
      if (due.push([this, answer]) === 1) setImmediate(deliver)
      return
    }
    if (replay.mode === 'record' && this.#records(request))
      this.#recording = { request, answer: Buffer.alloc(0) }
    super.write(bytes)
  }

  #heard(chunk: Buffer): void {
    const recording = this.#recording
    if (recording === undefined) return
    recording.answer = Buffer.concat([recording.answer, chunk])
    // It ends with ReadyForQuery, a message of six bytes.
    if (recording.answer.at(-6) !== 'Z'.charCodeAt(0)) return
    answers.set(recording.request, recording.answer)
    this.#recording = undefined
  }
}
