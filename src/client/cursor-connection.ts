import { EventEmitter } from 'node:events'
import type { Connection } from 'pg'

/** The messages that a cursor sends. */
type Message = 'parse' | 'bind' | 'describe' | 'execute' | 'flush' | 'close' | 'sync'
type Recorded = readonly [name: Message, args: readonly unknown[]]

/**
 * The connection of a cursor for its whole lifetime. It forwards messages to the current real connection, if any. Until
 * the first row has arrived it also records them, so that they can be sent again over another one.
 */
export class CursorConnection extends EventEmitter {
  readonly #synced: () => void
  #real: Connection | undefined
  #record: Recorded[] | undefined = []
  #isOver = false

  /** @param synced Called when the cursor has sent Sync and expects only ReadyForQuery. */
  constructor(synced: () => void) {
    super()
    this.#synced = synced
    this.on('newListener', (name: string | symbol) => {
      // A closed pg-cursor waits for ReadyForQuery, even if the last one has already arrived.
      if (this.#isOver && name === 'readyForQuery') process.nextTick(() => this.emit('readyForQuery'))
    })
  }

  get stream(): unknown {
    return this.#real?.stream
  }

  parse(...args: readonly unknown[]): void {
    this.#send('parse', args)
  }

  bind(...args: readonly unknown[]): void {
    this.#send('bind', args)
  }

  describe(...args: readonly unknown[]): void {
    this.#send('describe', args)
  }

  execute(...args: readonly unknown[]): void {
    this.#send('execute', args)
  }

  flush(...args: readonly unknown[]): void {
    this.#send('flush', args)
  }

  close(...args: readonly unknown[]): void {
    this.#send('close', args)
  }

  sync(...args: readonly unknown[]): void {
    this.#send('sync', args)
    this.#synced()
  }

  /** Ends the real connection, as the deprecated `cursor.end()` does. */
  end(): void {
    if (this.#real === undefined) process.nextTick(() => this.emit('end'))
    else Reflect.apply(Reflect.get(this.#real, 'end'), this.#real, [])
  }

  /** Switches to this connection, and first repeats everything that was sent before. */
  attach(real: Connection): void {
    this.#real = real
    for (const [name, args] of this.#record ?? []) pass(real, name, args)
  }

  detach(): void {
    this.#real = undefined
  }

  /** Stops recording: the answer has started to arrive over this connection. */
  settle(): void {
    this.#record = undefined
  }

  /** Answers all waits for ReadyForQuery, now and later. */
  finish(): void {
    this.detach()
    this.settle()
    this.#isOver = true
    this.emit('readyForQuery')
  }

  #send(name: Message, args: readonly unknown[]): void {
    this.#record?.push([name, args])
    if (this.#real !== undefined) pass(this.#real, name, args)
  }
}

function pass(real: Connection, name: Message, args: readonly unknown[]): void {
  const method = Reflect.get(real, name) as (...args: readonly unknown[]) => void
  Reflect.apply(method, real, args)
}
