import { Client } from 'pg'

const PORT = Symbol('port')

/** Notes on each result the port of the server that gave it. */
export class TellingClient extends Client {
  static {
    const { query } = Client.prototype
    const telling = function (this: Client, config: unknown, values: unknown, callback: unknown): unknown {
      if (typeof callback !== 'function') return Reflect.apply(query, this, [config, values, callback])
      const noted = (error: unknown, result: unknown): void => {
        if (typeof result === 'object' && result !== null) Reflect.set(result, PORT, this.port)
        callback(error, result)
      }
      return Reflect.apply(query, this, [config, values, noted])
    }
    Object.defineProperty(this.prototype, 'query', { value: telling })
  }
}

/** Port of the server that gave this result; 0 where it was not noted. */
export function portOf(result: object): number {
  return Number(Reflect.get(result, PORT) ?? 0)
}
