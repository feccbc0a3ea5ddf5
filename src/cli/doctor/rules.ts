import type { Rule } from './finding.ts'
import { clusterRules } from './rules/cluster.ts'
import { connectionRules, uncheckedRule } from './rules/connections.ts'
import { healthRules } from './rules/health.ts'
import { objectRules } from './rules/objects.ts'
import { settingRules } from './rules/settings.ts'

/** All checks. */
export const rules: readonly Rule[] = [
  ...clusterRules,
  ...connectionRules,
  ...settingRules,
  ...objectRules,
  ...healthRules,
  uncheckedRule,
]
