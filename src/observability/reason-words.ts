import type { WaitReason } from '../nodes/trace.ts'
import type { RouteReason } from '../routing/route.ts'
import type { Rejection, StepReason } from '../selection/query-plan.ts'

/** Reasons for a route, in words. */
export const ROUTE_WORDS: Readonly<Record<RouteReason, string>> = {
  read: 'a proven read',
  'not-a-read': 'not a proven read',
  'session-wrote': 'the session wrote a moment ago',
  'token-primary': "the session's token asks for the primary for now",
  strong: 'the consistency is "strong"',
  setting: 'a setting of the session keeps reads on the primary',
  'in-transaction': 'the client has an open transaction',
  pinned: 'the client is pinned to its connection',
  'asked-primary': 'the caller asks for the primary',
  'hint-primary': 'a comment asks for the primary',
  'asked-replica': 'the caller asks for a replica',
  'hint-replica': 'a comment asks for a replica',
}

/** Reasons why a node is a candidate, in words. */
export const STEP_WORDS: Readonly<Record<StepReason, string>> = {
  replica: 'may serve it',
  primary: 'is the primary',
  fallback: 'serves it if no replica can',
  sooner: 'serves it at once, because no replica is ready soon',
  'last-resort': 'serves it if nothing better can',
  held: "is the node of the client's connection",
}

/** Reasons why a node is out, in words. */
export const REJECTION_WORDS: Readonly<Record<Rejection, string>> = {
  pending: 'has not answered a probe yet',
  suspected: 'failed a moment ago',
  down: 'is down',
  'foreign-cluster': 'belongs to another cluster',
  'same-server': 'is a server that is listed twice',
  'old-timeline': 'is an old primary',
  'read-only': 'is read-only, and another node takes writes',
  ejected: 'failed repeatedly and rests',
  recovering: 'is recovering and has as many reads as it may have',
  'other-tags': 'lacks tags that the tier requires',
  drained: 'has the weight 0',
  'lag-unknown': 'has an unknown lag',
  'too-far-behind': 'is further behind than "maxLag"',
  lagging: 'is not known to be fresh enough',
  'behind-session': 'is not known to show what the session has written or seen',
}

/** Reasons for a wait, in words. */
export const WAIT_WORDS: Readonly<Record<WaitReason, string>> = {
  'first-look': 'the first look at the nodes',
  catalog: 'the catalog',
  position: 'the position that its session must see',
  'replica-change': 'another replica to show what its session has seen',
  'catch-up': 'a replica to show what its session has written or seen',
  candidate: 'a node that can take it',
  'spill-slot': 'a slot on the primary',
  permit: 'a permit of its tier',
  connection: 'a connection',
}
