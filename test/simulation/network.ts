import { EventEmitter } from 'node:events'
import type { Random } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'

/** A server's end of a connection. */
export interface Backend {
  received(chunk: Buffer): void
  /** The client has closed the connection, or its machine is gone. */
  closed(): void
}

/** How a server takes a connection. */
export interface Host {
  /** Returns the backend of a new connection; `refused` where nothing listens, and `undefined` where nobody answers. */
  accept(channel: Channel): Backend | 'refused' | undefined
}

/** The way between the process and one host. A blocked direction holds back data, as TCP does, until it is open again. */
export interface Link {
  latencyMs: () => number
  readonly isBlocked: { toServer: boolean; toClient: boolean }
}

type Direction = keyof Link['isBlocked']

/** All hosts and the ways to them. */
export class Network {
  readonly time: VirtualTime
  readonly #hosts = new Map<string, { readonly host: Host; readonly link: Link }>()
  readonly channels: Set<Channel> = new Set()
  readonly #random: Random

  constructor(time: VirtualTime, random: Random) {
    this.time = time
    this.#random = random
  }

  add(name: string, host: Host): void {
    const link: Link = {
      latencyMs: () => 0.1 + 0.2 * this.#random.next(),
      isBlocked: { toServer: false, toClient: false },
    }
    this.#hosts.set(name, { host, link })
  }

  linkTo(name: string): Link {
    const found = this.#hosts.get(name)
    if (found === undefined) throw new Error(`There is no host ${name}`)
    return found.link
  }

  /** Number of the client's sockets that are not destroyed, but for those whose end nobody can tell them. */
  get openSockets(): number {
    return [...this.channels].filter(({ isDead, isOpen }) => isOpen && !isDead).length
  }

  /** Blocks or opens one direction between the process and a host. */
  block(name: string, direction: Direction, isBlocked: boolean): void {
    this.linkTo(name).isBlocked[direction] = isBlocked
    if (!isBlocked)
      for (const channel of this.channels) if (channel.hostName === name) channel.opened(direction)
  }

  readonly socket = (): SimulatedSocket => new SimulatedSocket(this)

  open(socket: SimulatedSocket, name: string): Channel {
    const found = this.#hosts.get(name)
    if (found === undefined) throw new Error(`There is no host ${name}`)
    const channel = new Channel(this, name, found.link, socket)
    this.channels.add(channel)
    channel.toServer(() => {
      const backend = found.host.accept(channel)
      if (backend === 'refused') channel.reset(refused(name))
      else if (backend !== undefined) channel.accepted(backend)
    })
    return channel
  }
}

/** One connection between the process and a host: data arrives in order, in each direction. */
export class Channel {
  readonly hostName: string
  readonly #network: Network
  readonly #link: Link
  readonly #socket: SimulatedSocket
  readonly #held: Record<Direction, (() => void)[]> = { toServer: [], toClient: [] }
  readonly #lastMs: Record<Direction, number> = { toServer: 0, toClient: 0 }
  backend: Backend | undefined
  /** Half-dead: the connection seems open, and nothing that is sent arrives any more. */
  isDead = false

  constructor(network: Network, hostName: string, link: Link, socket: SimulatedSocket) {
    this.#network = network
    this.hostName = hostName
    this.#link = link
    this.#socket = socket
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  accepted(backend: Backend): void {
    this.backend = backend
    this.toClient(() => this.#socket.opened())
  }

  /** The server sends data. */
  tell(chunk: Buffer): void {
    this.toClient(() => this.#socket.received(chunk))
  }

  /** The server closes the connection in order. */
  close(): void {
    this.backend = undefined
    this.toClient(() => this.#socket.ended())
  }

  /** The server's kernel resets the connection. */
  reset(error: Error = connectionReset()): void {
    this.backend = undefined
    this.toClient(() => this.#socket.destroy(error))
  }

  /** The client sends data. */
  send(chunk: Buffer): void {
    this.toServer(() => {
      if (this.backend !== undefined) this.backend.received(chunk)
    })
  }

  /** The client closes the connection. */
  hangUp(): void {
    this.toServer(() => {
      const { backend } = this
      this.backend = undefined
      backend?.closed()
    })
  }

  toServer(deliver: () => void): void {
    this.#deliver('toServer', deliver)
  }

  toClient(deliver: () => void): void {
    this.#deliver('toClient', deliver)
  }

  /** A direction is open again: what it held back arrives. */
  opened(direction: Direction): void {
    const held = this.#held[direction].splice(0)
    for (const deliver of held) this.#deliver(direction, deliver)
  }

  #deliver(direction: Direction, deliver: () => void): void {
    const { time } = this.#network
    const atMs = Math.max(this.#lastMs[direction], time.nowMs + this.#link.latencyMs())
    this.#lastMs[direction] = atMs
    const arrive = (): void => {
      if (this.isDead) return
      if (this.#link.isBlocked[direction] || this.#held[direction].length > 0)
        this.#held[direction].push(deliver)
      else deliver()
    }
    if (direction === 'toServer') time.outside(atMs - time.nowMs, arrive)
    else time.arrival(atMs - time.nowMs, arrive)
  }
}

/** The client's socket: as much of `net.Socket` as node-postgres and the library use. */
export class SimulatedSocket extends EventEmitter {
  bytesRead = 0
  destroyed = false
  writable = true
  readonly #network: Network
  #channel: Channel | undefined
  #pending: Buffer[] = []
  #isFlushing = false
  #isOpen = false

  constructor(network: Network) {
    super()
    this.#network = network
  }

  connect(_port: number, host: string): void {
    this.#channel = this.#network.open(this, host)
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  cork(): void {}

  uncork(): void {}

  write(chunk: Buffer, done?: () => void): boolean {
    if (!this.writable) return false
    this.#pending.push(chunk)
    if (!this.#isFlushing) {
      this.#isFlushing = true
      process.nextTick(() => this.#flush())
    }
    if (done !== undefined) process.nextTick(done)
    return true
  }

  end(): void {
    if (!this.writable) return
    this.writable = false
    this.#flush()
    this.#channel?.hangUp()
    // The server closes its side as well, unless it cannot be heard.
    this.#channel?.toServer(() => this.#channel?.toClient(() => this.ended()))
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this
    this.destroyed = true
    this.writable = false
    this.#channel?.hangUp()
    process.nextTick(() => {
      if (error !== undefined) this.emit('error', error)
      this.emit('close', error !== undefined)
    })
    return this
  }

  opened(): void {
    if (this.destroyed) return
    this.#isOpen = true
    this.emit('connect')
  }

  received(chunk: Buffer): void {
    if (this.destroyed) return
    this.bytesRead += chunk.length
    this.emit('data', chunk)
  }

  /** The server has closed the connection. */
  ended(): void {
    if (this.destroyed) return
    this.emit('end')
    this.destroy()
  }

  #flush(): void {
    this.#isFlushing = false
    const chunks = this.#pending
    this.#pending = []
    if (chunks.length === 0 || this.destroyed || !this.#isOpen) return
    this.#channel?.send(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
  }
}

function refused(host: string): Error {
  return Object.assign(new Error(`connect ECONNREFUSED ${host}`), { code: 'ECONNREFUSED' })
}

function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })
}
