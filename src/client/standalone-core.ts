import type { MutableSession } from '../consistency/session.ts'
import { asError } from '../errors/as-error.ts'
import type { Explanation } from '../observability/explain.ts'
import type { ClientCore, Ended, Shell } from './client-core.ts'
import { ClientEvents } from './client-events.ts'
import { announceParameters } from './parameter-status.ts'
import type { Run } from './replica-transaction.ts'
import { failSubmission, type Submission } from './submission.ts'
import { VirtualConnection } from './virtual-connection.ts'
import type { MemberPort, Membership } from './wiring.ts'
import { CLOSED, CONNECTED_BEFORE, CONNECTION_ERROR, TERMINATED } from './words.ts'

/** A client's membership of a cluster, and its connection there. */
interface Entered {
  readonly member: MemberPort
  readonly connection: VirtualConnection
}

/** Implementation of a standalone client. */
export class StandaloneCore implements ClientCore {
  readonly tier: undefined = undefined
  readonly #membership: Membership
  readonly #shell: Shell
  #state: 'new' | 'connecting' | 'connected' | 'failed' | 'ended' = 'new'
  #entered: Entered | undefined
  #whenReturned: (() => void) | undefined

  constructor(membership: Membership, shell: Shell) {
    this.#membership = membership
    this.#shell = shell
  }

  get connection(): VirtualConnection | undefined {
    return this.#state === 'connected' ? this.#entered?.connection : undefined
  }

  get refusal(): string | undefined {
    if (this.#state === 'failed') return CONNECTION_ERROR
    return this.#state === 'ended' ? CLOSED : undefined
  }

  session(): MutableSession {
    return this.#enter().member.router.sessions.context.current()
  }

  query(run: Run): void {
    this.#enter().connection.query(run)
  }

  submit(submission: Submission, session: MutableSession): void {
    this.#enter().connection.submit(submission, session)
  }

  explain(query: Run['query'], session: MutableSession): Promise<Explanation> {
    return this.#enter().connection.explain(query, session)
  }

  connect(done: (error: Error | undefined) => void): void {
    if (this.#state !== 'new') {
      process.nextTick(done, new Error(CONNECTED_BEFORE))
      return
    }
    this.#state = 'connecting'
    this.#connect().then(
      () => done(undefined),
      (error: unknown) => {
        this.#giveUp(asError(error))
        done(asError(error))
      },
    )
  }

  /**
   * Closes the connections that it has borrowed. The last client of a configuration ends the watch over the cluster.
   */
  end(done: Ended): void {
    const { client } = this.#shell
    const entered = this.#entered
    const wasOpen = this.#state === 'connected' || this.#state === 'connecting'
    if (this.#state !== 'failed') this.#state = 'ended'
    if (entered === undefined) return done()
    this.#entered = undefined
    this.#whenReturned = () => {
      entered.member.leave().then(() => {
        // As with node-postgres, a client that never connected emits no `end`.
        if (wasOpen) client.emit('end')
        done()
      }, done)
    }
    entered.connection.release(true, TERMINATED)
  }

  cut(): void {
    const wasOpen = this.#state === 'connected' || this.#state === 'connecting'
    this.#entered?.connection.cut()
    if (!wasOpen) return
    this.end(() => {})
    this.#state = 'failed'
    const { client } = this.#shell
    if (client.listenerCount('error') > 0) client.emit('error', new Error(`${TERMINATED} unexpectedly`))
  }

  async #connect(): Promise<void> {
    const { connection, member } = this.#enter()
    await member.router.readiness.servable()
    if (this.#state !== 'connecting') throw new Error(TERMINATED)
    if (this.#membership.isEager) {
      await new Promise<void>((resolve, reject) => {
        connection.holdPrimary((error) => (error === undefined ? resolve() : reject(error)))
      })
    }
    await announceParameters(member.router, this.#shell.facade)
    if (this.#state !== 'connecting') throw new Error(TERMINATED)
    this.#state = 'connected'
    connection.open()
    this.#shell.client.emit('connect')
  }

  #giveUp(error: Error): void {
    const entered = this.#entered
    if (this.#state !== 'ended') this.#state = 'failed'
    if (entered === undefined) return
    this.#entered = undefined
    this.#whenReturned = () => void left(entered.member)
    entered.connection.release(error, error.message)
  }

  #enter(): Entered {
    return (this.#entered ??= this.#begin())
  }

  #begin(): Entered {
    const { client, facade } = this.#shell
    const member = this.#membership.enter()
    const connection = new VirtualConnection({
      router: member.router,
      events: new ClientEvents(client, facade),
      kind: { tier: this.tier, primaryOnly: false, isEager: this.#membership.isEager },
      idle: (isReleased) => {
        if (isReleased) this.#whenReturned?.()
        else client.emit('drain')
      },
      cut: () => this.cut(),
    })
    // As with node-postgres, queries wait until the client is connected.
    connection.close()
    return { member, connection }
  }
}

/** Leaves a cluster whose connections have failed: the caller has that error already. */
async function left(member: MemberPort): Promise<void> {
  try {
    await member.leave()
  } catch {
    // The connections are closed in any case.
  }
}

/** Fails a query or a query object that is not taken. */
export function refuse(asked: Submission | Pick<Run, 'done'>, message: string): void {
  process.nextTick(() => {
    const error = new Error(message)
    if ('submittable' in asked) failSubmission(asked, error)
    else asked.done(error)
  })
}
