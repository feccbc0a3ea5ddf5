// Loads OpenTelemetry's instrumentation for programs in ES modules, as its documentation advises.

import { createRequire, register } from 'node:module'

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url)
createRequire(import.meta.url)('./opentelemetry.cjs')
