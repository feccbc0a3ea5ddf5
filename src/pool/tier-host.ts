import type { RouterPort, Opening, Question } from '../client/router-port.ts'
import type { Router } from '../router/router.ts'

/** What clients of one tier ask of the router: whatever names no tier is of this one. */
export function tierHost(router: Router, tier: string): RouterPort {
  const inTier = <T extends Question | Opening>(asked: T): T =>
    asked.request.tier === undefined ? { ...asked, request: { ...asked.request, tier } } : asked

  return {
    run: (query, done) => router.run(inTier(query), done),
    explain: (question) => router.explain(inTier(question)),
    readOnly: { open: (opening) => router.readOnly.open(inTier(opening)) },
    leasePrimary: (done) => router.leasePrimary(done, tier),
    get isReady() {
      return router.isReady
    },
    sessions: router.sessions,
    settings: router.settings,
    tell: router.tell,
    prepare: () => router.prepare(),
    judge: (sql) => router.judge(sql),
    names: router.names,
    changeKnown: (statement) => router.changeKnown(statement),
    judgeAnew: (sql) => router.judgeAnew(sql),
    route: (statement, session, request) => router.route(statement, session, request),
    count: (node, statement) => router.count(node, statement),
    saw: (session, node) => router.saw(session, node),
    answered: (node) => router.answered(node),
    ended: (write) => router.ended(write),
    isFenced: (node) => router.isFenced(node),
    nodeFailed: (node, cause) => router.nodeFailed(node, cause),
  }
}
