import type { PoolClient } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import type { Explanation } from '../observability/explain.ts'
import type { ClientCore, Ended, Shell } from './client-core.ts'
import { ClientEvents } from './client-events.ts'
import type { Run } from './replica-transaction.ts'
import type { Submission } from './submission.ts'
import { VirtualConnection } from './virtual-connection.ts'
import type { Wiring } from './wiring.ts'
import { CLOSED, CONNECTED_BEFORE, CONNECTION_ERROR, TERMINATED } from './words.ts'

/** The inside of a client that a pool makes and hands out. */
export class PooledCore implements ClientCore {
  readonly connection: VirtualConnection
  readonly #wiring: Wiring
  readonly #shell: Shell
  #isConnected = false
  #isEnded = false
  #isCut = false

  constructor(wiring: Wiring, shell: Shell) {
    const { client, facade } = shell
    this.#wiring = wiring
    this.#shell = shell
    this.connection = new VirtualConnection({
      router: wiring.router,
      events: new ClientEvents(client, facade),
      kind: wiring.kind,
      idle: (isReleased) => {
        if (isReleased) wiring.returned(client as PoolClient)
        else client.emit('drain')
      },
      cut: () => this.cut(),
      patienceMs: wiring.patienceMs,
    })
    wiring.connection = this.connection
  }

  get tier(): string | undefined {
    return this.#wiring.kind.tier
  }

  get refusal(): string | undefined {
    if (this.#isCut) return CONNECTION_ERROR
    return this.#isEnded || this.connection.isReleased ? CLOSED : undefined
  }

  session(): MutableSession {
    return this.#wiring.router.sessions.context.current()
  }

  query(run: Run): void {
    this.connection.query(run)
  }

  submit(submission: Submission, session: MutableSession): void {
    this.connection.submit(submission, session)
  }

  explain(query: Run['query'], session: MutableSession): Promise<Explanation> {
    return this.connection.explain(query, session)
  }

  /** Called once by the pool that creates the client, as pg.Pool does. */
  connect(done: (error: Error | undefined) => void): void {
    if (this.#isConnected) return process.nextTick(done, new Error(CONNECTED_BEFORE))
    this.#isConnected = true
    this.#wiring.parameters.announce(this.#shell.facade).then(() => done(undefined), done)
  }

  /**
   * Closes the connections that it has borrowed. The client stays checked out until it is released, and is not handed
   * out again.
   */
  end(done: Ended): void {
    const isFirst = !this.#isEnded
    this.#isEnded = true
    if (isFirst) this.connection.cut()
    process.nextTick(() => {
      if (isFirst) this.#shell.client.emit('end')
      done()
    })
  }

  /** Does nothing while the client is idle. */
  cut(): void {
    if (this.connection.isReleased || this.#isEnded) return
    this.#isEnded = true
    this.#isCut = true
    this.connection.cut()
    const { client } = this.#shell
    // As after `end()`, the client is not handed out again.
    Object.assign(client, { _ending: true })
    process.nextTick(() => {
      if (client.listenerCount('error') > 0) client.emit('error', new Error(`${TERMINATED} unexpectedly`))
      client.emit('end')
    })
  }
}
