/**
 * SQLSTATEs with which a healthy server rejects a login. The cause is the role, its password, the database, the CONNECT
 * privilege, or a setting in the startup message. A replica also does so while it has not replayed what the login
 * needs.
 */
const LOGIN_REFUSALS: ReadonlySet<unknown> = new Set(['28000', '28P01', '3D000', '42501', '55000', '22023'])

/** Whether an error of a connection attempt means that the server rejected the login. */
export function isLoginRefusal(cause: Error): boolean {
  return LOGIN_REFUSALS.has(Reflect.get(cause, 'code'))
}
