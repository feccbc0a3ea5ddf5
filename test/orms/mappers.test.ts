import { mappers } from './adapters/all.ts'
import { itsOrmsConform } from './conformance.ts'

itsOrmsConform(mappers)
