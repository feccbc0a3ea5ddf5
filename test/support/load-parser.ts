import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'

await createLibpgQueryParser().load()
