import type { QueryArrayResult } from 'pg'
import type { ConnectionFacade } from './connection-facade.ts'
import type { ClientHost } from './host.ts'

/** What a server reports of itself by the protocol when a connection begins. */
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

/**
 * Connections were opened before the client was there, so it asks for what they heard: Sequelize takes the server's version
 * from these messages. Nothing is asked where nobody listens.
 */
export function announceParameters(host: ClientHost, facade: ConnectionFacade): Promise<void> {
  if (facade.listenerCount('parameterStatus') === 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    host.run(
      {
        sql: undefined,
        request: {},
        session: host.sessions.context.current(),
        send: (client, done) => client.query({ text: QUESTION, rowMode: 'array' }, done as () => void),
        canPipeline: false,
        values: [],
      },
      (error, result) => {
        if (error) return reject(error)
        const [row = []] = (result as QueryArrayResult<unknown[]>).rows
        for (const [index, parameterName] of REPORTED.entries()) {
          facade.emit('parameterStatus', { parameterName, parameterValue: String(row[index]) })
        }
        resolve()
      },
    )
  })
}
