/**
 * SQLSTATEs with which a server that is well turns a login down: the role, its password, the database, the right to connect, or
 * a setting that is asked for at the start. A replica does so too while it has not replayed what the login needs.
 */
const LOGIN_REFUSALS: ReadonlySet<unknown> = new Set(['28000', '28P01', '3D000', '42501', '55000', '22023'])

/** Whether the server has turned a login down, with this error. Of an error of a connection that is being opened. */
export function isLoginRefusal(cause: Error): boolean {
  return LOGIN_REFUSALS.has(Reflect.get(cause, 'code'))
}
