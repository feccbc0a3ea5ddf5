import type { Socket } from 'node:net'

/** Where bytes go. */
export type Direction = 'to-server' | 'to-client'

/** State of the network for everything that passes. A proxy has one object and tells its connections of changes. */
export interface Weather {
  stalled: boolean
  delayMs: number
  /** The only direction that is stalled and delayed. Absent: both. */
  only?: Direction | undefined
}

/** How much may be under way in one direction before its sender has to wait. */
const MOST_BYTES = 1024 * 1024

interface Parcel {
  readonly dueAtMs: number
  /** Nothing: the end of what this side has to say. */
  readonly chunk: Buffer | undefined
}

/** One direction of a connection: first in, first out. */
class Flow {
  readonly #from: Socket
  readonly #to: Socket
  readonly #weather: Weather
  readonly #direction: Direction
  readonly #parcels: Parcel[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, weather: Weather, direction: Direction) {
    this.#from = from
    this.#to = to
    this.#weather = weather
    this.#direction = direction
    from.on('data', (chunk: Buffer) => this.#take(chunk))
    from.on('end', () => this.#take(undefined))
    to.on('drain', () => this.pump())
    this.pump()
  }

  /** Passes on what may go now, and lets the sender go on or wait. */
  pump(): void {
    clearTimeout(this.#timer)
    const stalled = this.#weather.stalled && this.#isHit
    while (!stalled && !this.#to.writableNeedDrain && this.#isDue()) this.#pass()
    if (stalled || this.#bytes >= MOST_BYTES) this.#from.pause()
    else this.#from.resume()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  get #isHit(): boolean {
    return (this.#weather.only ?? this.#direction) === this.#direction
  }

  #take(chunk: Buffer | undefined): void {
    const delayMs = this.#isHit ? this.#weather.delayMs : 0
    this.#parcels.push({ dueAtMs: performance.now() + delayMs, chunk })
    this.#bytes += chunk?.length ?? 0
    this.pump()
  }

  #isDue(): boolean {
    const next = this.#parcels[0]
    if (next === undefined) return false
    const waitMs = next.dueAtMs - performance.now()
    // A timer counts whole milliseconds, and may come up to one too early.
    if (waitMs > 0) this.#timer = setTimeout(() => this.pump(), Math.ceil(waitMs))
    return waitMs <= 0
  }

  #pass(): void {
    const parcel = this.#parcels.shift()
    if (parcel?.chunk === undefined) {
      this.#to.end()
      return
    }
    this.#bytes -= parcel.chunk.length
    this.#to.write(parcel.chunk)
  }
}

/** A client, and the connection to the target that belongs to it. */
export class ProxiedConnection {
  /** Resolves when both ends are closed. */
  readonly closed: Promise<void>
  readonly #client: Socket
  readonly #dial: () => Socket
  readonly #weather: Weather
  readonly #flows: Flow[] = []
  #target: Socket | undefined
  /** An end has gone while nothing passes: the other end must not hear of it yet. */
  #broken = false
  #isForgotten = false
  #resolveClosed: () => void = () => {}

  /** @param client Paused: nothing of it is read before the target is dialled. */
  constructor(client: Socket, dial: () => Socket, weather: Weather) {
    this.#client = client
    this.#dial = dial
    this.#weather = weather
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.#watch(client)
    this.weatherChanged()
  }

  weatherChanged(): void {
    const { only, stalled } = this.#weather
    if (!stalled && this.#broken) this.destroy()
    // While one direction is open, the server accepts connections.
    else if ((!stalled || only !== undefined) && this.#target === undefined) this.#begin()
    for (const flow of this.#flows) flow.pump()
  }

  /** Resets both ends, so that both know, whatever they were doing. */
  destroy(): void {
    for (const flow of this.#flows) flow.stop()
    this.#flows.length = 0
    reset(this.#client)
    if (this.#target !== undefined) reset(this.#target)
  }

  /**
   * Loses the connection as a firewall does that forgets it: the server sees it end, and the client hears nothing, whatever
   * it sends.
   */
  forget(): void {
    this.#isForgotten = true
    for (const flow of this.#flows) flow.stop()
    this.#flows.length = 0
    for (const socket of [this.#client, this.#target])
      socket?.removeAllListeners('data').removeAllListeners('end')
    this.#client.on('end', () => this.#client.destroy()).resume()
    if (this.#target !== undefined) reset(this.#target)
  }

  #begin(): void {
    const target = this.#dial()
    this.#target = target
    this.#client.setNoDelay(true)
    target.setNoDelay(true)
    this.#watch(target)
    this.#flows.push(
      new Flow(this.#client, target, this.#weather, 'to-server'),
      new Flow(target, this.#client, this.#weather, 'to-client'),
    )
  }

  #watch(socket: Socket): void {
    // What happened is told by the 'close' that follows.
    socket.on('error', () => {})
    socket.on('close', () => {
      if (this.#client.closed && (this.#target?.closed ?? true)) this.#resolveClosed()
      if (socket.errored === null || this.#isForgotten) return
      if (this.#weather.stalled) this.#broken = true
      else this.destroy()
    })
  }
}

function reset(socket: Socket): void {
  // A reset would wait for the connection.
  if (socket.connecting) socket.destroy()
  else socket.resetAndDestroy()
}
