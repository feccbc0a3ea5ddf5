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
  readonly network: Network
  readonly servers: Server[] = []
  /** The commits that wrote a value: more than one is a write that was sent twice. */
  readonly commits: Map<string, WalRecord[]> = new Map()
  readonly trace: string[] = []
  #highestTimeline = 1
  #isHealed = false

  constructor(time: VirtualTime, name: string, plan: WorldPlan, random: Random) {
    this.time = time
    this.network = new Network(time, random.fork('network'))
    resetProcesses()
    const parts: ClusterParts = {
      name,
      time,
      random,
      servers: this.servers,
      maxConnections: plan.maxConnections,
      isSynchronous: plan.isSynchronous,
      paceOf: (server, ofServer) => unsteadyPace(server, plan.lagMs, ofServer),
      statementOf,
      trace: (line) => this.note(line),
      committed: (server, record) => this.#committed(server, record),
    }
    const first = firstRecord()
    for (let index = 0; index <= plan.replicas; index++) {
      const server: Server = new Server(index === 0 ? 'p' : `r${index}`, parts, this.servers[0])
      server.wal = [first]
      this.servers.push(server)
      this.network.add(server.name, server)
    }
    this.#writeOther(plan.otherPerSecond, random.fork('other'))
  }

  /** The server that takes writes: of several, that of the highest timeline. */
  get primary(): Server {
    const primaries = this.servers.filter(({ isStandby }) => !isStandby)
    return primaries.toSorted((a, b) => b.timeline - a.timeline)[0] as Server
  }

  /** Writes a line of the story. */
  note(line: string): void {
    this.trace.push(`${this.time.elapsedMs.toFixed(3)} ${line}`)
  }

  /** Makes a fault begin, and end after its time. */
  cause({ forMs, server: index, type }: Fault): void {
    const server = this.servers[index]
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
        return this.#block(server, ['toServer'], forMs, forServer)
      case 'block-to-client':
        return this.#block(server, ['toClient'], forMs, forServer)
      case 'partition':
        return this.#block(server, ['toServer', 'toClient'], forMs, forServer)
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
        for (const channel of this.network.channels)
          if (channel.hostName === server.name) channel.isDead = true
        return
      case 'checkpoint':
        return server.checkpoint()
      case 'promote-killed':
      case 'promote-alive':
      case 'promote-partitioned':
        return this.#fail(server, type, forMs)
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
      if (server.isFrozen) server.thaw()
      server.startAgain()
      this.network.block(server.name, 'toServer', false)
      this.network.block(server.name, 'toClient', false)
      if (server !== primary) server.follow(primary)
      server.pauseReplay(false)
      server.pump()
    }
    // The kernels of the servers find out by keep-alives.
    for (const { backend, isDead } of this.network.channels) if (isDead) backend?.closed()
  }

  /** Another server becomes the primary, while something is wrong with the old one. */
  #fail(next: Server, type: string, rejoinsAfterMs: number): void {
    const old = this.primary
    if (next === old || !next.isStandby || !next.isRunning || next.isFrozen) return
    this.note(`${type}: ${next.name} instead of ${old.name}`)
    if (type === 'promote-killed') old.stop('killed')
    if (type === 'promote-partitioned') {
      this.network.block(old.name, 'toServer', true)
      this.network.block(old.name, 'toClient', true)
    }
    this.#highestTimeline += 1
    next.promote(this.#highestTimeline)
    for (const other of this.servers) {
      if (other === next || other === old || !other.isStandby) continue
      this.#undo(other.name.charCodeAt(1) % 2 === 0 ? 5 : rejoinsAfterMs / 4, () => {
        // Meanwhile it may have been promoted itself, or another one.
        if (other.isStandby && next === this.primary) other.follow(next)
      })
    }
    this.#undo(rejoinsAfterMs, () => {
      this.network.block(old.name, 'toServer', false)
      this.network.block(old.name, 'toClient', false)
      // Nobody tells the old one for a while that it is no longer the primary.
      old.startAgain()
      this.#undo(rejoinsAfterMs / 2, () => {
        const { primary } = this
        this.note(`${old.name} follows ${primary.name}`)
        if (old !== primary) old.follow(primary)
      })
    })
  }

  #block(
    server: Server,
    directions: readonly ('toServer' | 'toClient')[],
    forMs: number,
    told: string,
  ): void {
    this.note(told)
    for (const direction of directions) this.network.block(server.name, direction, true)
    this.#undo(forMs, () => {
      for (const direction of directions) this.network.block(server.name, direction, false)
    })
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
      this.primary.insertOther()
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
