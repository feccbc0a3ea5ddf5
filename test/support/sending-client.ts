import { Client, type ClientConfig } from 'pg'

/** Sees the text of a simple query before it is sent, and may give another one in its place. */
export type Sending = (text: string, config: ClientConfig) => string | undefined

/** The class of clients whose simple queries `sending` sees: the library's own do not go through `client.query()`. */
export function clientThatTells(sending: Sending): typeof Client {
  return class SendingClient extends Client {
    constructor(given?: string | ClientConfig) {
      super(given)
      const config = typeof given === 'object' ? given : {}
      const connection = this.connection as unknown as { query?(text: string): void }
      // A routed client has no connection of its own.
      const send = connection.query?.bind(connection)
      if (send !== undefined) connection.query = (text) => send(sending(text, config) ?? text)
    }
  }
}
