/** Places that may break a rule, each with its reason. A test reports those that are not needed. */
export const EXCEPTIONS = []
