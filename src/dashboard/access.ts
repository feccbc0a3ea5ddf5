import type { IncomingMessage } from 'node:http'

/** The part of a request that access is decided by. */
export type Approach = Pick<IncomingMessage, 'headers'> & {
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** Headers that proxies add. A request that has one does not come from this machine itself. */
const FORWARDING =
  /^(?:forwarded|via|x-forwarded(?:-.*)?|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-.*|x-envoy-.*|cf-.*|true-client-ip|fly-client-ip|fastly-client-ip)$/

const LOOPBACK = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i
const LOCAL_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

/**
 * Returns why a request is refused without `authorize`, or `undefined` if it comes from this machine. Such a request
 * comes from a loopback address, not through a proxy, and goes to a local name. So no foreign web page can reach it by
 * a name of its own.
 */
export function refusalOf({ headers, socket }: Approach): string | undefined {
  if (!LOOPBACK.test(socket.remoteAddress ?? '')) return 'it comes from another machine'
  if (Object.keys(headers).some((name) => FORWARDING.test(name))) return 'it comes through a proxy'
  const host = headers.host ?? headers[':authority']
  if (typeof host !== 'string' || !LOCAL_HOST.test(host)) return 'its Host header is not local'
  return undefined
}
