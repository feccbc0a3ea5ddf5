import type { QueryArrayResult } from 'pg'
import type { Send } from '../execution/execution.ts'
import { Query } from '../nodes/query.ts'
import type { ConnectionFacade } from './connection-facade.ts'
import type { RouterPort } from './router-port.ts'
import { queryUnseen, type OwnAnswered } from '../platform/unseen.ts'

/** The parameters that a server reports when a connection begins. */
const REPORTED = [
  'server_version',
  'server_encoding',
  'client_encoding',
  'application_name',
  'is_superuser',
  'session_authorization',
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'integer_datetimes',
  'standard_conforming_strings',
] as const

const QUESTION = `select ${REPORTED.map((name) => `current_setting('${name}')`).join(', ')}`

type Parameters = readonly (readonly [name: string, value: string])[]

/**
 * Emits `parameterStatus` on a client whose connections were opened before it was made: Sequelize takes the server's
 * version from these messages. The server is asked only when there are listeners.
 */
export async function announceParameters(router: RouterPort, facade: ConnectionFacade): Promise<void> {
  if (facade.listenerCount('parameterStatus') > 0) announce(await parametersOf(router), facade)
}

/** Announces parameters to the clients of a pool, which share one answer of the server. */
export class ParameterAnnouncer {
  readonly #router: RouterPort
  readonly #tier: string | undefined
  #parameters: Promise<Parameters> | undefined

  /** @param tier The tier of the clients. */
  constructor(router: RouterPort, tier: string | undefined) {
    this.#router = router
    this.#tier = tier
  }

  /** Announces nothing when the server does not answer: the client works all the same. */
  async announce(facade: ConnectionFacade): Promise<void> {
    if (facade.listenerCount('parameterStatus') === 0) return
    const asked = (this.#parameters ??= parametersOf(this.#router, this.#tier))
    try {
      announce(await asked, facade)
    } catch {
      if (this.#parameters === asked) this.#parameters = undefined
    }
  }
}

function announce(parameters: Parameters, facade: ConnectionFacade): void {
  for (const [parameterName, parameterValue] of parameters) {
    facade.emit('parameterStatus', { parameterName, parameterValue })
  }
}

function parametersOf(router: RouterPort, tier?: string): Promise<Parameters> {
  return new Promise((resolve, reject) => {
    const send: Send = (client, done) =>
      queryUnseen(client, { text: QUESTION, rowMode: 'array' }, done as OwnAnswered)
    const session = router.sessions.context.current()
    const query = Query.sentOtherwise(undefined).inTier(tier)
    router.dispatcher.submit(query, session, { send }, (error, result) => {
      if (error) return reject(error)
      const [row = []] = (result as QueryArrayResult<unknown[]>).rows
      resolve(REPORTED.map((name, index) => [name, String(row[index])]))
    })
  })
}
