import { mappers } from '../support/orms/all.ts'
import { itsOrmsConform } from './conformance.ts'

itsOrmsConform(mappers)
