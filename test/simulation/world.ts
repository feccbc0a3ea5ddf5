import { resetProcesses } from './backend.ts'
import { Network } from './network.ts'
import { unsteadyPace } from './pace.ts'
import type { Fault, WorldPlan } from './plan.ts'
import type { Random } from './random.ts'
import { Server, type ClusterParts } from './server.ts'
import { keyOf, ROWS, statementOf, TABLES } from './statements.ts'
import type { VirtualTime } from './virtual-time.ts'
import { FIRST_RECORD, type Change, type WalRecord } from './wal.ts'

/** The simulated servers, the network between them and the process, and what became of each commit. */
export class World {
  readonly time: VirtualTime
  /** The ways of each process to the servers. */
  readonly networks: readonly Network[]
  readonly servers: Server[] = []
  /** The commits that wrote a value: more than one is a write that was sent twice. */
  readonly commits: Map<string, WalRecord[]> = new Map()
  readonly trace: string[] = []
  readonly #random: Random
  #highestTimeline = 1
  /** Commits that each timeline has taken over from those before it. */
  readonly #taken = new Map<number, ReadonlySet<WalRecord>>()
  /** When each timeline began. */
  readonly #begins = new Map<number, number>()
  /** The primary before the last promotion. */
  #former: Server | undefined
  #isHealed = false

  constructor(time: VirtualTime, name: string, plan: WorldPlan, random: Random) {
    this.time = time
    this.networks = Array.from(
      { length: plan.processes ?? 1 },
      (_, index) => new Network(time, random.fork(`network ${index}`)),
    )
    this.#random = random.fork('faults')
    resetProcesses()
    const parts: ClusterParts = {
      name,
      time,
      random,
      servers: this.servers,
      maxConnections: plan.maxConnections,
      isSynchronous: plan.isSynchronous,
      paceOf: (server, ofServer) => unsteadyPace(server, plan, ofServer),
      statementOf,
      trace: (line) => this.note(line),
      committed: (server, record) => this.#committed(server, record),
    }
    const first = firstRecord()
    for (let index = 0; index <= plan.replicas; index++) {
      const server: Server = new Server(index === 0 ? 'p' : `r${index}`, parts, this.servers[0])
      server.wal = [first]
      this.servers.push(server)
      for (const network of this.networks) network.add(server.name, server)
    }
    this.#writeOther(plan.otherPerSecond, random.fork('other'))
  }

  /** The ways of the first process. */
  get network(): Network {
    return this.networks[0] as Network
  }

  /** The server that takes writes: of several, that of the highest timeline. */
  get primary(): Server {
    const primaries = this.servers.filter(({ isStandby }) => !isStandby)
    return primaries.toSorted((a, b) => b.timeline - a.timeline)[0] as Server
  }

  /**
   * Whether a timeline has a commit. A promotion may lose one that a later promotion, of another server, brings back.
   */
  has(timeline: number, record: WalRecord): boolean {
    return record.timeline >= timeline || this.#taken.get(timeline)?.has(record) !== false
  }

  /** The newest timeline that existed at a time. */
  newestAt(ms: number): number {
    return Math.max(1, ...[...this.#begins].filter(([, atMs]) => atMs <= ms).map(([timeline]) => timeline))
  }

  /** Writes a line of the story. */
  note(line: string): void {
    this.trace.push(`${this.time.elapsedMs.toFixed(3)} ${line}`)
  }

  /** Makes a fault begin, and end after its time. */
  cause({ forMs, process, server: which, type }: Fault): void {
    const networks = this.#networksOf(process)
    const server = this.serverOf(which)
    if (server === undefined || this.#isHealed) return
    const forServer = `${type} ${server.name} for ${forMs.toFixed(0)} ms`
    switch (type) {
      case 'pause-replay':
        if (!server.isStandby) return
        this.note(forServer)
        server.pauseReplay(true)
        return this.#undo(forMs, () => server.pauseReplay(false))
      case 'lag':
        this.note(forServer)
        server.extraLagMs = forMs / 4
        return this.#undo(forMs, () => (server.extraLagMs = 0))
      case 'kill':
      case 'stop':
      case 'vanish':
        if (!server.isRunning) return
        this.note(forServer)
        server.stop(type === 'kill' ? 'killed' : type === 'stop' ? 'fast' : 'vanished')
        return this.#undo(forMs, () => server.startAgain())
      case 'freeze':
        if (!server.isRunning) return
        this.note(forServer)
        server.freeze()
        return this.#undo(forMs, () => server.thaw())
      case 'slow':
        this.note(forServer)
        server.slowness = 100
        return this.#undo(forMs, () => (server.slowness = 1))
      case 'block-to-server':
        return this.#block(networks, server, ['toServer'], forMs, forServer)
      case 'block-to-client':
        return this.#block(networks, server, ['toClient'], forMs, forServer)
      case 'partition':
        return this.#block(networks, server, ['toServer', 'toClient'], forMs, forServer)
      case 'cut-stream':
        this.note(forServer)
        server.isCut = true
        return this.#undo(forMs, () => {
          server.isCut = false
          server.pump()
        })
      case 'terminate':
        this.note(`terminate backends of ${server.name}`)
        for (const backend of server.backends) backend.terminate()
        return
      case 'half-dead':
        this.note(`connections to ${server.name} go dead`)
        for (const { channels } of networks) {
          for (const channel of channels) if (channel.hostName === server.name) channel.isDead = true
        }
        return
      case 'restart-behind':
        if (!server.isRunning || !server.isStandby) return
        this.note(forServer)
        server.stop('killed')
        server.pauseReplay(true)
        this.#undo(forMs / 4, () => server.startAgain())
        return this.#undo(forMs, () => server.pauseReplay(false))
      // The pools are told.
      case 'unlist':
        return this.note(forServer)
      case 'refuse':
        this.note(forServer)
        return this.#refuse(server, forMs)
      case 'checkpoint':
        return server.checkpoint()
      case 'promote-killed':
      case 'promote-alive':
      case 'promote-partitioned':
      case 'promote-one-way':
      case 'promote-refusing':
      case 'promote-returns':
        return this.#fail(server, type, forMs, networks)
      case 'busy-loop':
      case 'frozen-process':
        this.note(`${type} for ${forMs.toFixed(0)} ms`)
        return this.time.block(forMs, type === 'busy-loop')
      case 'wall-clock':
        this.note(`the wall clock jumps`)
        this.time.wallOffsetMs += (forMs - 1000) * 60
    }
  }

  /** Ends all faults: every server runs, follows the primary, and can be reached. */
  heal(): void {
    this.#isHealed = true
    this.note('all faults end')
    const { primary } = this
    for (const server of this.servers) {
      server.extraLagMs = 0
      server.slowness = 1
      server.isCut = false
      server.isRefusing = false
      if (server.isFrozen) server.thaw()
      server.startAgain()
      this.#isolate(this.networks, server, false)
      if (server !== primary) server.follow(primary)
      server.pauseReplay(false)
      server.pump()
    }
    // The kernels of the servers find out by keep-alives.
    for (const { channels } of this.networks)
      for (const { backend, isDead } of channels) if (isDead) backend?.closed()
  }

  /** Another server becomes the primary, while something is wrong with the old one. */
  #fail(next: Server, type: string, rejoinsAfterMs: number, networks: readonly Network[]): void {
    const old = this.primary
    if (next === old || !next.isStandby || !next.isRunning || next.isFrozen) return
    this.note(`${type}: ${next.name} instead of ${old.name}`)
    if (type === 'promote-killed' || type === 'promote-returns') old.stop('killed')
    if (type === 'promote-refusing') this.#refuse(old, rejoinsAfterMs)
    // What is sent to the old one still has an effect if only its answers are held back.
    if (type === 'promote-one-way') for (const each of networks) each.block(old.name, 'toClient', true)
    if (type === 'promote-partitioned') this.#isolate(networks, old, true)
    this.#highestTimeline += 1
    this.#former = old
    this.#taken.set(this.#highestTimeline, new Set(next.wal))
    this.#begins.set(this.#highestTimeline, this.time.nowMs)
    next.promote(this.#highestTimeline)
    for (const other of this.servers) {
      if (other === next || other === old || !other.isStandby) continue
      // Some go on for a while as replicas of the old one.
      this.#undo(this.#random.pick([5, rejoinsAfterMs / 4, rejoinsAfterMs]), () => {
        // Meanwhile it may have been promoted itself, or another one.
        if (other.isStandby && next === this.primary) other.follow(next)
      })
    }
    this.#undo(rejoinsAfterMs, () => {
      this.#isolate(networks, old, false)
      // The old one is alone when it comes back.
      if (type === 'promote-returns') {
        this.note(`${next.name} is cut off`)
        this.#isolate(networks, next, true)
        this.#undo(rejoinsAfterMs / 2, () => this.#isolate(networks, next, false))
      }
      // Nobody tells the old one for a while that it is no longer the primary.
      old.startAgain()
      this.#undo(rejoinsAfterMs / 2, () => {
        const { primary } = this
        this.note(`${old.name} follows ${primary.name}`)
        if (old !== primary) old.follow(primary)
      })
    })
  }

  /** The server that a fault concerns now. */
  serverOf(which: Fault['server']): Server | undefined {
    if (which === 'primary') return this.primary
    return which === 'former' ? this.#former : this.servers[which]
  }

  #networksOf(process: number | undefined): readonly Network[] {
    return process === undefined ? this.networks : this.networks.slice(process, process + 1)
  }

  /** Cuts a server off from processes, or ends that. */
  #isolate(networks: readonly Network[], server: Server, isBlocked: boolean): void {
    for (const network of networks) {
      network.block(server.name, 'toServer', isBlocked)
      network.block(server.name, 'toClient', isBlocked)
    }
  }

  /** No new connection is accepted, and some that are open end. The others go on, as behind a new firewall rule. */
  #refuse(server: Server, forMs: number): void {
    server.isRefusing = true
    for (const backend of server.backends) if (this.#random.chance(0.5)) backend.terminate()
    this.#undo(forMs, () => (server.isRefusing = false))
  }

  #block(
    networks: readonly Network[],
    server: Server,
    directions: readonly ('toServer' | 'toClient')[],
    forMs: number,
    told: string,
  ): void {
    this.note(told)
    const block = (isBlocked: boolean): void => {
      for (const network of networks)
        for (const direction of directions) network.block(server.name, direction, isBlocked)
    }
    block(true)
    this.#undo(forMs, () => block(false))
  }

  #undo(afterMs: number, undo: () => void): void {
    this.time.outside(afterMs, () => {
      if (!this.#isHealed) undo()
    })
  }

  #writeOther(perSecond: number, random: Random): void {
    if (perSecond === 0) return
    this.time.outside((2000 / perSecond) * random.next(), () => {
      if (this.#isHealed) return
      const { primary } = this
      primary.insertOther()
      // An old primary that is alive goes on as well, and may get ahead.
      for (const server of this.servers) {
        if (server !== primary) for (let records = 0; records < 3; records++) server.insertOther()
      }
      this.#writeOther(perSecond, random)
    })
  }

  #committed(server: Server, record: WalRecord): void {
    for (const { key, value } of record.changes) {
      const id = `${key}=${value}`
      const known = this.commits.get(id)
      if (known === undefined) this.commits.set(id, [record])
      else known.push(record)
      this.note(`${server.name} commits ${id} (timeline ${record.timeline})`)
    }
  }
}

function firstRecord(): WalRecord {
  const record = { ...FIRST_RECORD, state: new Map(), changes: [] as Change[] }
  for (const table of TABLES) {
    for (let row = 1; row <= ROWS; row++) record.state.set(keyOf(table, row), { value: '0', record })
  }
  return record
}
